import Deciders
package import EventLog
package import Jobs

/// The gate of a recorded worker: what was decided before each attempt is read from the record.
package struct ReplayGate: CallGate {
    private let worker: WorkerID
    private let recorded: any Log
    private let stop: (position: Position, exhaustion: Exhaustion)?
    private let reached: @Sendable (UInt64) async -> Bool

    /// `stop` is where the worker recorded that the budget was used up, and what it said; nil if it didn't.
    ///
    /// `reached` returns when the fresh log has so many events, and false when the caller was cancelled before.
    package init(
        _ worker: WorkerID, in recorded: any Log, stop: (position: Position, exhaustion: Exhaustion)? = nil,
        reached: @escaping @Sendable (UInt64) async -> Bool
    ) {
        self.worker = worker
        self.recorded = recorded
        self.stop = stop
        self.reached = reached
    }

    /// What is recorded at the attempt's place counts if it was before the job was given back: else the call was put off
    /// under this lease, and made under a later one.
    ///
    /// An attempt that isn't in the record at all belongs to a worker that was killed or too late: it goes on, and finds
    /// that at its place.
    package func admit(_ ticket: CallTicket) async throws -> CallAdmission {
        let event = try own(at: ticket.place)
        if let released = try release(of: ticket), event.map({ released < $0.position }) ?? true {
            guard await reached(released.rawValue) else { throw CancellationError() }
            throw CallDeferred(reason: "as recorded")
        }
        guard let event else { return .send }
        if event.hasType(CallReused.type) { return .reuse(origin: try event.decode(CallReused.self).position) }
        guard event.hasType(CallStarted.type) else { return .send }
        return .sending(CallPermit(reserved: try event.decode(CallStarted.self).reserved, version: event.version))
    }

    package func settle(_ ticket: CallTicket, _ settlement: CallSettlement) {}

    package func exhaustion() async throws -> Exhaustion {
        guard let stop, await reached(stop.position.rawValue) else {
            _ = await reached(.max)
            throw CancellationError()
        }
        return stop.exhaustion
    }

    /// Where the job was given back under the lease that it has.
    private func release(of ticket: CallTicket) throws -> Position? {
        guard var revision = ticket.leaseRevision?.next else { return nil }
        let stream = try StreamName(category: Job.category, id: ticket.job.rawValue)
        while let event = try own(at: Place(stream: stream, revision: revision.rawValue)) {
            if event.hasType(JobReleased.type) { return event.position }
            guard event.hasType(JobLeaseRenewed.type) else { return nil }
            revision = revision.next
        }
        return nil
    }

    private func own(at place: Place) throws -> Event? {
        guard let position = try recorded.position(of: place.stream, revision: Revision(place.revision)),
            let event = try recorded.event(at: position), try event.metadata().worker == worker.rawValue
        else { return nil }
        return event
    }
}
