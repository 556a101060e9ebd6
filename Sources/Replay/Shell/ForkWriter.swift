import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog

/// Writes a fork event by event: takes over, derives anew, leaves out.
///
/// Keeps to one thread. What is written isn't in the log before `flush`, but can be looked at.
package final class ForkWriter {
    /// Why a fork can't be made.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        package init(_ description: String) { self.description = description }
    }

    package let parent: any Log
    package let fork: any Log
    private let events: EventCatalogue
    private let derivations: DerivationCatalogue
    package private(set) var positions = ForkPositions()
    /// Of the next event.
    package private(set) var next: Position
    package private(set) var changed = 0
    package private(set) var leftOut = 0
    package private(set) var taken = 0
    /// The revision of each stream's next event.
    private var revisions: [StreamName: Revision] = [:]
    private var pending: [Commit] = []
    private var pendingEvents: [Event] = []
    private var pendingBlobs: [Digest: [UInt8]] = [:]
    /// Some of those that were brought along; what is forgotten is brought once more, which changes nothing.
    private var storedBlobs: Set<Digest> = []
    private static let mostRemembered = 262_144

    /// `fork` must be empty.
    package init(
        parent: any Log, fork: any Log, events: EventCatalogue, derivations: DerivationCatalogue
    ) throws(LogError) {
        self.parent = parent
        self.fork = fork
        self.events = events
        self.derivations = derivations
        next = Position(try fork.head().size)
    }

    // MARK: Writing

    /// Takes an event of the parent over; its causes are named by their places in the fork.
    @discardableResult
    package func keep(_ event: Event) throws -> Position { try write(draft(of: event), for: event) }

    /// Leaves an event of the parent out.
    package func leaveOut(_ event: Event) {
        positions.append(nil)
        leftOut += 1
    }

    /// Derives the event that a draft stands for anew from its cause, and writes it in place of the parent's.
    ///
    /// `recorded` is what the function takes from the record; its type and version are those of the draft.
    @discardableResult
    package func derive(_ draft: ForkDraft, for event: Event) throws -> Position {
        var draft = draft
        draft.data = try derived(draft, at: event.position)
        return try write(draft, for: event)
    }

    /// Writes an event in place of the parent's, or, for nil, one that only the fork has.
    @discardableResult
    package func write(_ draft: ForkDraft, for event: Event?) throws -> Position {
        let position = next
        let revision = revisions[draft.stream] ?? .first
        let expected: ExpectedRevision = revision == .first ? .noStream : .exact(Revision(revision.rawValue - 1))
        let new = draft.event
        pending.append(
            Commit(stream: draft.stream, expected: expected, events: [new], blobs: try blobs(of: draft)))
        pendingEvents.append(try Event(proposed: new, in: draft.stream, revision: revision, at: position))
        revisions[draft.stream] = revision.next
        next = position.next
        if let event {
            positions.append(position)
            taken += 1
            if event.dataBytes != draft.data { changed += 1 }
        }
        return position
    }

    /// How many events wait for `flush`.
    package var waiting: Int { pending.count }

    /// Appends what waits.
    package func flush() async throws {
        for result in await fork.append(pending) { _ = try result.get() }
        pending.removeAll(keepingCapacity: true)
        pendingEvents.removeAll(keepingCapacity: true)
        pendingBlobs.removeAll(keepingCapacity: true)
    }

    // MARK: Looking

    /// The draft of an event as it is taken over.
    package func draft(of event: Event) throws -> ForkDraft {
        let metadata = try event.metadata()
        return ForkDraft(
            stream: event.stream, type: event.type, version: event.version, time: event.time,
            data: event.dataBytes, metadata: try moved(metadata, at: event.position))
    }

    /// Whether everything that an event cites is in the fork.
    package func hasCauses(of event: Event) throws -> Bool {
        try event.metadata().cause?.positions.allSatisfy { positions[$0] != nil } ?? true
    }

    /// An event of the fork, whether it is appended or waits.
    package func event(at position: Position) throws -> Event? {
        let waiting = next.rawValue - UInt64(pendingEvents.count)
        guard position.rawValue >= waiting else { return try fork.event(at: position) }
        let index = Int(position.rawValue - waiting)
        return index < pendingEvents.count ? pendingEvents[index] : nil
    }

    /// The bytes of a blob of the fork or its parent.
    package func blob(_ digest: Digest) throws(LogError) -> [UInt8]? {
        if let bytes = pendingBlobs[digest] { return bytes }
        if let bytes = try fork.blob(digest) { return bytes }
        return try parent.blob(digest)
    }

    /// Lets an event that only the fork has stand for one that was left out.
    package func stand(_ position: Position, for parent: Position) { positions.set(position, for: parent) }

    private func moved(_ metadata: EventMetadata, at position: Position) throws -> EventMetadata {
        guard let cause = metadata.cause, !cause.positions.isEmpty else { return metadata }
        let places = try cause.positions.map { cited in
            guard let place = positions[cited] else {
                throw Failure("the event at position \(position) cites position \(cited), which the fork leaves out")
            }
            return place
        }
        return EventMetadata(
            cause: Cause(blobs: cause.blobs, function: cause.function, positions: places), job: metadata.job,
            run: metadata.run, worker: metadata.worker)
    }

    /// What the cited function makes of a draft's cause.
    package func derived(_ draft: ForkDraft, at position: Position) throws -> [UInt8] {
        guard let cause = draft.metadata.cause, let function = cause.function,
            let derivation = derivations[function]
        else {
            throw Failure("position \(position): this program doesn't have the function that derives \(draft.type)")
        }
        let causes = try cause.positions.map { cited in
            guard let event = try event(at: cited) else {
                throw Failure("position \(position): the fork has no event at position \(cited)")
            }
            return event
        }
        let recorded = try Event(proposed: draft.event, in: draft.stream, revision: .first, at: next)
        let fresh = Dictionary(draft.blobs.map { ($0.digest, $0.bytes) }) { first, _ in first }
        return try derivation.derive(
            DerivationInput(
                recorded: recorded, causes: causes,
                blob: { (digest) throws(DerivationError) -> [UInt8] in
                    if let bytes = fresh[digest] { return bytes }
                    do throws(LogError) {
                        if let bytes = try self.blob(digest) { return bytes }
                    } catch {
                        throw .unreadable("\(error)")
                    }
                    throw .missingBlob(digest)
                },
                event: { (place) throws(DerivationError) -> Event in
                    let found = try? self.event(at: place)
                    guard let event = found ?? nil else { throw .unreadable("the event at position \(place)") }
                    return event
                }))
    }

    /// The blobs that an event names, as far as they are there and weren't brought along before.
    private func blobs(of draft: ForkDraft) throws -> [Blob] {
        var blobs: [Blob] = []
        for blob in draft.blobs where storedBlobs.insert(blob.digest).inserted {
            blobs.append(blob)
            pendingBlobs[blob.digest] = blob.bytes
        }
        let proposed = try Event(proposed: draft.event, in: draft.stream, revision: .first, at: next)
        let named = (try events.decode(proposed)?.blobs ?? []) + (draft.metadata.cause?.blobs ?? [])
        if storedBlobs.count > Self.mostRemembered { storedBlobs = [] }
        for digest in named where !storedBlobs.contains(digest) {
            storedBlobs.insert(digest)
            guard let bytes = try parent.blob(digest) else { continue }
            blobs.append(Blob(bytes))
            pendingBlobs[digest] = bytes
        }
        return blobs
    }
}
