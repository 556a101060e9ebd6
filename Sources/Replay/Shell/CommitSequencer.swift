import CanonicalJSON
package import Determinism
package import EventLog
import Synchronization

/// A log in front of a fresh store: every commit waits for the place that the recorded log gave it.
///
/// The code that runs the experiment again is as concurrent as the first time. What it appends is compared byte for byte
/// with the record when its turn comes, so that the first event which differs is named, whatever the interleaving was.
/// Events that no worker wrote (an operator's command, a newer program's), or one whose work isn't done again, are outside
/// input: they are copied at their turn.
///
/// A commit that was compared is written to the fresh log in the background, together with others. Up to there both logs
/// hold the same, byte for byte, so reading goes to the recorded one and ends where the fresh one will: the code sees what
/// it would have seen at that moment.
package final class CommitSequencer: Log {
    private let recorded: any Log
    private let fresh: any Log
    /// Workers whose work isn't done again.
    private let outsiders: Set<String>
    /// The blobs that an event names, which are copied with it.
    private let named: @Sendable (Event) throws -> [Digest]
    private let writer: FreshWriter
    private let state: Mutex<State>

    private struct State {
        var size: UInt64
        /// The place whose commit is being taken.
        var claimed: UInt64?
        var copied = 0
        /// Of blobs, lately; so that those that many events name are read once.
        var copiedBlobs: Set<Digest> = []
        var divergence: Divergence?
        var isClosed = false
        var nextTicket: UInt64 = 0
        var waiting: [UInt64: CheckedContinuation<Bool, Never>] = [:]
        /// Who waits for a size, in the order of asking; those who were cancelled meanwhile are still named.
        var tickets: [UInt64: [UInt64]] = [:]

        mutating func wait(_ ticket: UInt64, until size: UInt64, _ continuation: CheckedContinuation<Bool, Never>) {
            waiting[ticket] = continuation
            tickets[size, default: []].append(ticket)
        }

        /// Grows, and returns those whose time has come, in the order of sizes and of asking.
        mutating func grow(to next: UInt64) -> [CheckedContinuation<Bool, Never>] {
            guard next > size else { return [] }
            let due = (size + 1...next).flatMap { tickets.removeValue(forKey: $0) ?? [] }
            size = next
            return due.compactMap { waiting.removeValue(forKey: $0) }
        }

        /// Whether the next place is still free; from then on it isn't.
        mutating func claim(_ place: UInt64) -> Bool {
            guard size == place, claimed != place else { return false }
            claimed = place
            return true
        }

        mutating func close() -> [CheckedContinuation<Bool, Never>] {
            isClosed = true
            tickets = [:]
            defer { waiting = [:] }
            return waiting.keys.sorted().compactMap { waiting[$0] }
        }
    }

    /// How many blobs are remembered at most.
    private static let mostCopiedBlobs = 65_536

    /// `fresh` must be empty; `named` tells which blobs an event names.
    package init(
        recorded: any Log, fresh: any Log, outsiders: Set<String> = [],
        named: @escaping @Sendable (Event) throws -> [Digest] = { _ in [] }
    ) {
        self.recorded = recorded
        self.fresh = fresh
        self.outsiders = outsiders
        self.named = named
        writer = FreshWriter(fresh)
        state = Mutex(State(size: 0))
    }

    /// How many events are in the fresh log.
    package var size: UInt64 { state.withLock(\.size) }
    /// How many of them were copied, since they are outside input.
    package var copied: Int { state.withLock(\.copied) }
    /// Where the code first did something else than the record, if it did.
    package var divergence: Divergence? { state.withLock(\.divergence) }

    /// Returns when the fresh log has that many events; false when the caller was cancelled, or nothing more will come.
    package func reached(_ size: UInt64) async -> Bool {
        let ticket = state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.isClosed || Task.isCancelled { return false }
                    if state.size >= size { return true }
                    state.wait(ticket, until: size, continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume(returning: false)
        }
    }

    /// Suspends until the caller is cancelled: the recorded process was killed before it got further.
    package func endOfRecord() async -> LogError {
        _ = await reached(.max)
        return LogError(.closed, during: "executing again", "the recorded process ended here")
    }

    /// Ends all waiting; nothing more is appended.
    package func close(_ divergence: Divergence? = nil) {
        let due = state.withLock { state in
            state.divergence = state.divergence ?? divergence
            return state.close()
        }
        for waiter in due { waiter.resume(returning: false) }
    }

    /// Returns when the fresh log has everything.
    package func finish() async throws(LogError) { try await writer.finish() }

    package func append(_ commit: Commit) async throws(LogError) -> Appended {
        let revision = try firstRevision(of: commit)
        if let last = try lastRevision(of: commit.stream), revision <= last {
            return try await appendLate(commit)
        }
        guard let place = try recorded.position(of: commit.stream, revision: revision),
            let first = try recorded.event(at: place)
        else { throw await endOfRecord() }
        let isOurs = try belongs(first, to: commit)
        guard await reached(isOurs ? place.rawValue : place.rawValue + 1) else {
            throw LogError(.closed, during: "executing again", "cancelled before position \(place)")
        }
        // Another worker was faster then; who comes second meets the same conflict now.
        guard isOurs else { return try await appendLate(commit) }
        if let divergence = try difference(commit, from: place) {
            close(divergence)
            throw LogError(.invalid, during: "executing again", "\(divergence)")
        }
        // Nobody else may write the same event twice; who comes second is told that it is there.
        guard state.withLock({ $0.claim(place.rawValue) }) else { return try await appendLate(commit) }
        try await writer.add(commit, at: place.rawValue)
        try await advance(to: place.rawValue + UInt64(commit.events.count))
        return Appended(
            first: place, count: commit.events.count,
            lastRevision: Revision(revision.rawValue + UInt64(commit.events.count) - 1), commitID: first.commitID)
    }

    /// What the fresh log says to a commit whose place is taken: a conflict, or that it has it already.
    private func appendLate(_ commit: Commit) async throws(LogError) -> Appended {
        try await writer.finish()
        return try await fresh.append(commit)
    }

    private func firstRevision(of commit: Commit) throws(LogError) -> Revision {
        switch commit.expected {
        case .noStream: .first
        case .exact(let revision): revision.next
        case .any: try lastRevision(of: commit.stream)?.next ?? .first
        }
    }

    private func belongs(_ event: Event, to commit: Commit) throws(LogError) -> Bool {
        guard let ours = commit.events.first?.metadata else { return false }
        do throws(JSONError) {
            return try EventMetadata(canonicalBytes: ours).worker == event.metadata().worker
        } catch {
            throw LogError(.damaged(event.position), during: "reading metadata", "\(error)")
        }
    }

    private func difference(_ commit: Commit, from place: Position) throws(LogError) -> Divergence? {
        for (index, new) in commit.events.enumerated() {
            guard let event = try recorded.event(at: Position(place.rawValue + UInt64(index))) else { continue }
            let (left, right) = (facts(event), facts(new, in: commit))
            guard left != right else { continue }
            return Divergence(at: event, function: nil, .fields(Verification.differences(left, right)))
        }
        return nil
    }

    private func facts(_ event: Event) -> [UInt8] {
        facts(
            event.type, event.version, event.time, event.dataBytes, event.metadataBytes, event.commitCount, event.stream
        )
    }

    private func facts(_ event: NewEvent, in commit: Commit) -> [UInt8] {
        facts(
            event.type, event.version, event.time, event.data, event.metadata, commit.events.count, commit.stream)
    }

    private func facts(
        _ type: EventType, _ version: Int, _ time: Timestamp, _ data: [UInt8], _ metadata: [UInt8], _ count: Int,
        _ stream: StreamName
    ) -> [UInt8] {
        var writer = CanonicalWriter()
        writer.beginObject()
        writer.field("commitCount", count)
        writer.field("data") { $0.writeRawValue(data) }
        writer.field("metadata") { $0.writeRawValue(metadata) }
        writer.field("stream", stream)
        writer.field("time", time)
        writer.field("type", type)
        writer.field("version", version)
        writer.endObject()
        return writer.bytes
    }

    /// Copies the outside input that comes next in the record, up to the first event of a worker.
    package func copyOutsideInput() async throws(LogError) {
        try await advance(to: size)
    }

    private func advance(to size: UInt64) async throws(LogError) {
        var size = size
        while let event = try recorded.event(at: Position(size)), try isOutsideInput(event) {
            var events: [NewEvent] = []
            var blobs: [Blob] = []
            for index in 0..<UInt64(event.commitCount) {
                guard let next = try recorded.event(at: Position(size + index)) else { break }
                blobs += try copies(for: next)
                events.append(
                    NewEvent(
                        type: next.type, version: next.version, time: next.time, data: next.dataBytes,
                        metadata: next.metadataBytes))
            }
            let copy = try Commit(
                recordedIn: event.stream, from: event.revision, events: events, blobs: blobs, as: event.commitID)
            guard let copy else {
                throw LogError(
                    .damaged(event.position), during: "executing again", "the commit isn't what its id names")
            }
            try await writer.add(copy, at: size)
            size += UInt64(events.count)
            state.withLock { $0.copied += events.count }
        }
        let due = state.withLock { $0.grow(to: size) }
        for waiter in due { waiter.resume(returning: true) }
    }

    /// What an event names that wasn't copied lately, and is there: what was erased can't be copied.
    private func copies(for event: Event) throws(LogError) -> [Blob] {
        let digests: [Digest]
        do {
            digests = try named(event)
        } catch {
            throw LogError(.damaged(event.position), during: "reading which blobs an event names", "\(error)")
        }
        var blobs: [Blob] = []
        for digest in digests {
            let isNew = state.withLock { state in
                if state.copiedBlobs.count == Self.mostCopiedBlobs { state.copiedBlobs = [] }
                return state.copiedBlobs.insert(digest).inserted
            }
            guard isNew, let bytes = try recorded.blob(digest) else { continue }
            blobs.append(Blob(bytes))
        }
        return blobs
    }

    private func isOutsideInput(_ event: Event) throws(LogError) -> Bool {
        do throws(JSONError) {
            return try event.metadata().worker.map(outsiders.contains) ?? true
        } catch {
            throw LogError(.damaged(event.position), during: "reading metadata", "\(error)")
        }
    }
}

/// What the fresh log holds so far is what the recorded one held then.
extension CommitSequencer {
    package func head() throws(LogError) -> TreeHead {
        guard let recorded = recorded as? LMDBLog, let head = try recorded.head(ofSize: size) else {
            return try fresh.head()
        }
        return head
    }
    package func event(at position: Position) throws(LogError) -> Event? {
        position.rawValue < size ? try recorded.event(at: position) : nil
    }
    package func position(of stream: StreamName, revision: Revision) throws(LogError) -> Position? {
        guard let position = try recorded.position(of: stream, revision: revision), position.rawValue < size else {
            return nil
        }
        return position
    }
    /// The last revision of the record that has been reached, by bisection.
    package func lastRevision(of stream: StreamName) throws(LogError) -> Revision? {
        guard let last = try recorded.lastRevision(of: stream) else { return nil }
        if try position(of: stream, revision: last) != nil { return last }
        var (reached, beyond): (UInt64, UInt64) = (0, last.rawValue)
        guard beyond > 0, try position(of: stream, revision: .first) != nil else { return nil }
        while beyond - reached > 1 {
            let middle = (reached + beyond) / 2
            if try position(of: stream, revision: Revision(middle)) != nil { reached = middle } else { beyond = middle }
        }
        return Revision(reached)
    }
    package func read(
        _ direction: ReadDirection, from position: Position?, matching filter: EventFilter, limit: Int
    ) throws(LogError) -> Page {
        var bounded = filter
        let lower = filter.positions?.lowerBound ?? .first
        bounded.positions = lower..<max(lower, min(filter.positions?.upperBound ?? Position(size), Position(size)))
        return try recorded.read(direction, from: position, matching: bounded, limit: limit)
    }
    package func readStream(
        _ stream: StreamName, _ direction: ReadDirection, from revision: Revision?, limit: Int
    ) throws(LogError) -> [Event] {
        guard let last = try lastRevision(of: stream) else { return [] }
        switch direction {
        case .forward:
            let first = revision ?? .first
            guard first <= last else { return [] }
            let left = last.rawValue - first.rawValue + 1
            return try recorded.readStream(stream, .forward, from: first, limit: Int(min(left, UInt64(limit))))
        case .backward:
            return try recorded.readStream(stream, .backward, from: min(revision ?? last, last), limit: limit)
        }
    }
    package func scan(
        from position: Position, to end: Position?, matching filter: EventFilter, _ body: (Event) throws -> Void
    ) throws {
        try recorded.scan(from: position, to: min(end ?? Position(size), Position(size)), matching: filter, body)
    }
    /// Comes a little later than what the other functions show.
    package func subscribe(from position: Position, matching filter: EventFilter) -> Subscription {
        fresh.subscribe(from: position, matching: filter)
    }
    package func blob(_ digest: Digest) throws(LogError) -> [UInt8]? {
        if let waiting = writer.waitingBlob(digest) { return waiting }
        return try fresh.blob(digest)
    }
}
