import Audit
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs

/// Which events of a log a bundle holds.
///
/// Those of the run; those in which a fork that took the run over tells of itself; every event that one of these cites,
/// directly or not, such as the call in another run whose answer was reused; what stands before these in their streams and
/// beside them in their commits, so that streams and commits are whole; and the commits that say why a blob is gone,
/// without what else stands in their streams: who exported or redacted what of other runs isn't told.
struct BundleSelection {
    private let log: LMDBLog
    private var chosen: Set<Position> = []
    /// Chosen and not looked at yet.
    private var open: [Event] = []
    /// What the chosen events name, in their data or as their causes.
    private(set) var blobs: Set<Digest> = []

    private init(_ log: LMDBLog) { self.log = log }

    /// Positions, ascending.
    var positions: [Position] { chosen.sorted() }

    /// The events of a run in the first `end` events of the log.
    static func events(of run: RunID, in log: LMDBLog, before end: Position) throws -> BundleSelection {
        var selection = BundleSelection(log)
        let wanted = ExportSelection(run: run.rawValue)
        try log.scan(from: .first, to: end, matching: .all) { event in
            if try wanted.includes(event) { try selection.take(event) }
        }
        try selection.close()
        try selection.takeForks(of: run, before: end)
        try selection.takeErasures(before: end)
        return selection
    }

    /// Some events, and what makes their commits whole; not what they cite.
    static func only(_ events: [Event], in log: LMDBLog) throws -> BundleSelection {
        var selection = BundleSelection(log)
        for event in events { try selection.take(event) }
        selection.open = []
        return selection
    }

    private mutating func take(_ event: Event) throws {
        guard chosen.insert(event.position).inserted else { return }
        blobs.formUnion(try Catalogues.events.blobs(namedBy: event))
        // Most cite what belongs to the run anyway: only those that cite something are looked at again.
        if try event.metadata().cause != nil { open.append(event.detached) }
    }

    private mutating func take(at position: Position) throws {
        guard !chosen.contains(position), let event = try log.event(at: position) else { return }
        try take(event)
        // A stream that is entered is taken from its beginning.
        if event.revision > .first {
            let count = Int(event.revision.rawValue)
            for earlier in try log.readStream(event.stream, .forward, from: .first, limit: count) { try take(earlier) }
        }
        try takeCommit(of: event)
    }

    /// Takes an event and what was committed with it.
    private mutating func takeCommit(of event: Event) throws {
        try take(event)
        let position = event.position
        let first = position.rawValue - UInt64(event.indexInCommit)
        for place in first..<first + UInt64(event.commitCount) where place != position.rawValue {
            guard let beside = try log.event(at: Position(place)) else { continue }
            try take(beside)
        }
    }

    /// Takes what the chosen events cite, until nothing is missing.
    private mutating func close() throws {
        while let event = open.popLast() {
            for position in try event.metadata().cause?.positions ?? [] { try take(at: position) }
        }
    }

    private mutating func takeForks(of run: RunID, before end: Position) throws {
        let chosen = chosen
        let forks = try ForkSelection(of: run, in: log, before: end) { stream in
            try log.position(of: stream, revision: .first).map(chosen.contains) ?? false
        }
        for event in forks.events { try takeCommit(of: event) }
    }

    private mutating func takeErasures(before end: Position) throws {
        var erasures: [Event] = []
        try log.scan(from: .first, to: end, matching: EventFilter(types: Catalogues.erasureTypes)) { event in
            if try Catalogues.erased(by: event).contains(where: blobs.contains) { erasures.append(event.detached) }
        }
        for event in erasures { try takeCommit(of: event) }
        try close()
    }
}

extension Catalogues {
    /// The types of events that say that blobs were erased.
    static let erasureTypes = [BlobsErased.type]

    /// The blobs that an event says were erased.
    static func erased(by event: Event) throws -> [Digest] {
        guard erasureTypes.contains(where: event.hasType) else { return [] }
        return try events.decode(event)?.erasure?.blobs ?? []
    }
}
