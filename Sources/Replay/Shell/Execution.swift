package import Deciders
package import Determinism
package import EventLog

/// Runs what a log records again, by the same code, into a fresh log, and compares the two.
package struct Execution: Sendable {
    /// What one session gets: its recorded self, the effects that answer from the record, and the log to append to.
    package struct Context: Sendable {
        package let session: RecordedSession
        package let effects: Effects
        package let log: CommitSequencer
    }

    private let recorded: any Log
    private let fresh: any Log
    private let patience: Duration
    private let named: @Sendable (Event) throws -> [Digest]

    /// `patience` is how long nothing may be appended before the execution counts as stuck; `named` tells which blobs an
    /// event names, so that those come along with what is copied.
    package init(
        recorded: any Log, fresh: any Log, patience: Duration = .seconds(60),
        named: @escaping @Sendable (Event) throws -> [Digest] = { _ in [] }
    ) {
        self.recorded = recorded
        self.fresh = fresh
        self.patience = patience
        self.named = named
    }

    /// Starts each session where the record has it and ends it where the record does, as if killed.
    ///
    /// `drive` runs one session with the program's own code; `progress` hears the number of events now and then. A session
    /// whose work isn't done again is passed over, and its events are copied.
    package func run(
        passingOver: (RecordedSession) throws -> Bool = { _ in false },
        drive: @escaping @Sendable (Context) async throws -> Void,
        progress: @escaping @Sendable (UInt64) -> Void = { _ in }
    ) async throws -> ExecutionReport {
        let recordedHead = try recorded.head()
        let all = try recordedSessions()
        let outsiders = Set(try all.filter(passingOver).map(\.worker))
        let sessions = all.filter { !outsiders.contains($0.worker) }
        let sequencer = CommitSequencer(recorded: recorded, fresh: fresh, outsiders: outsiders, named: named)
        try await sequencer.copyOutsideInput()
        let failure = await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask { await watch(sequencer, until: recordedHead.size, progress: progress) }
            for session in sessions {
                group.addTask { await run(session, on: sequencer, drive: drive) }
            }
            var failure: (any Error)?
            for await ended in group {
                guard let ended else { continue }
                failure = failure ?? ended
                sequencer.close()
                group.cancelAll()
            }
            return failure
        }
        try await sequencer.finish()
        let freshHead = try fresh.head()
        var divergence = sequencer.divergence
        // An event that differs is why a session failed; an event that is missing follows from the failure.
        let reason = divergence == nil ? failure.map { "\($0)" } : nil
        if divergence == nil, freshHead.size < recordedHead.size,
            let missing = try recorded.event(at: Position(freshHead.size))
        {
            divergence = Divergence(at: missing, function: nil, .neverProduced)
        }
        return ExecutionReport(
            head: freshHead, recordedHead: recordedHead, sessions: sessions.count, copied: sequencer.copied,
            firstDifference: divergence, failure: reason)
    }

    private func recordedSessions() throws -> [RecordedSession] {
        var index = SessionIndex()
        try recorded.scan { event in index.take(worker: try event.metadata().worker, at: event.position) }
        return index.sessions
    }

    /// The error that ended the session before its recorded end, if one did.
    private func run(
        _ session: RecordedSession, on sequencer: CommitSequencer,
        drive: @escaping @Sendable (Context) async throws -> Void
    ) async -> (any Error)? {
        guard await sequencer.reached(session.first.rawValue) else { return nil }
        let effects = RecordedEffects.make(for: session.worker, from: recorded, through: sequencer)
        let context = Context(session: session, effects: effects, log: sequencer)
        let end = session.last.rawValue + 1
        return await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                _ = await sequencer.reached(end)
                return nil
            }
            group.addTask {
                do {
                    try await drive(context)
                } catch {
                    return sequencer.size < end ? error : nil
                }
                return sequencer.size < end ? SessionEndedEarly(session: session) : nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// Ends with the last event, or with an error when nothing was appended for too long.
    private func watch(
        _ sequencer: CommitSequencer, until size: UInt64, progress: @escaping @Sendable (UInt64) -> Void
    ) async -> (any Error)? {
        var last = (size: sequencer.size, at: ContinuousClock.now)
        while last.size < size {
            // why: a stalled execution must end; this is a bounded wait for progress, which nothing recorded depends on.
            try? await Task.sleep(for: .milliseconds(50))
            if Task.isCancelled || sequencer.divergence != nil { break }
            let now = sequencer.size
            progress(now)
            if now != last.size {
                last = (now, .now)
            } else if last.at.duration(to: .now) > patience {
                sequencer.close()
                return ExecutionStalled(position: now)
            }
        }
        return nil
    }
}

/// The program's code came to an end before the record did.
package struct SessionEndedEarly: Error, CustomStringConvertible {
    package let session: RecordedSession

    package var description: String {
        "the session of worker \(session.worker) ended before position \(session.last), its last in the record"
    }
}

/// Nothing was appended for too long.
package struct ExecutionStalled: Error, CustomStringConvertible {
    package let position: UInt64

    package var description: String { "nothing produced the event at position \(position)" }
}
