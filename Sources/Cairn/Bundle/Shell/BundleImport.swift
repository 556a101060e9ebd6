import Audit
import CanonicalJSON
import Deciders
import Determinism
import EventLog

/// Makes a store of a bundle: its events at their positions, its blobs, and read models that are built as ever.
///
/// Where the original has events that aren't in the bundle, the copy has `log.withheld`, in the streams that continue
/// behind them. Without any of these, the copy has the head of the original.
struct BundleImport {
    /// Commits that are appended at once.
    private static let batch = 512
    private static let placeholdersPerCommit = 4_096

    /// What came of it.
    struct Result {
        /// Events of the bundle.
        var events = 0
        /// Places whose events the bundle doesn't have.
        var withheld: UInt64 = 0
        var head = TreeHead(size: 0, root: Digest(of: []))
    }

    private let reader: BundleReader
    private let log: any Log
    private var waiting: [Commit] = []
    private var gathered: [(line: JSONLines.Line, event: Event)] = []
    private var next: UInt64 = 0
    /// What fills the places without an event, the next last.
    private var places: [WithheldPlaces.Part]
    /// Blobs that came with a commit already.
    private var brought: Set<Digest> = []
    private var result = Result()

    private init(_ reader: BundleReader, _ log: any Log) throws {
        self.reader = reader
        self.log = log
        var withheld = WithheldPlaces()
        var number = 0
        while let part = try reader.events(inFile: number) {
            for (_, event) in part { try withheld.take(event.stream, event.revision, at: event.position) }
            number += 1
        }
        places = try withheld.parts(others: try StreamName(category: LogWithheld.category, id: "events")).reversed()
    }

    /// `log` must be empty; `each` hears of every event of the bundle.
    static func run(
        _ reader: BundleReader, into log: any Log, each: (Event) throws -> Void = { _ in }
    ) async throws -> Result {
        guard try log.head().size == 0 else {
            throw BundleError("the store has events already; import into a new one")
        }
        var copy = try BundleImport(reader, log)
        var number = 0
        while let part = try reader.events(inFile: number) {
            for (line, event) in part {
                try each(event)
                try await copy.take(line, event)
            }
            number += 1
        }
        guard copy.gathered.isEmpty else { throw BundleError("the last commit isn't whole") }
        try await copy.flush()
        copy.result.head = try log.head()
        return copy.result
    }

    private mutating func take(_ line: JSONLines.Line, _ event: Event) async throws {
        let place = event.position.rawValue
        let expected = next + UInt64(gathered.count)
        guard place >= expected, gathered.isEmpty || place == expected else {
            throw BundleError("the event at position \(place) is out of order, or its commit isn't whole")
        }
        if gathered.isEmpty, place > next { try await fill(to: place) }
        gathered.append((line, event))
        guard line.indexInCommit == gathered.count - 1 else {
            throw BundleError("the event at position \(place) isn't the next of its commit")
        }
        if gathered.count == line.commitCount { try await commit() }
    }

    private mutating func commit() async throws {
        let first = gathered[0].line
        let blobs = try gathered.flatMap { try Catalogues.events.blobs(namedBy: $0.event) }
            .filter { brought.insert($0).inserted }.compactMap { try reader.blob($0) }.map(Blob.init)
        guard
            let commit = try Commit(
                recordedIn: first.stream, from: first.revision, events: gathered.map(\.line.event), blobs: blobs,
                as: first.commitID)
        else { throw BundleError("the commit at position \(first.position) isn't what its id names; it was changed") }
        next += UInt64(gathered.count)
        result.events += gathered.count
        gathered = []
        waiting.append(commit)
        if waiting.count >= Self.batch { try await flush() }
    }

    private mutating func fill(to place: UInt64) async throws {
        result.withheld += place - next
        while next < place, let part = places.popLast() {
            var revision = part.revision
            for start in stride(
                from: part.places.lowerBound, to: part.places.upperBound, by: Self.placeholdersPerCommit)
            {
                let count = min(part.places.upperBound - start, UInt64(Self.placeholdersPerCommit))
                let event = NewEvent(
                    type: LogWithheld.type, version: LogWithheld.version, time: Timestamp(microseconds: 0),
                    data: LogWithheld().canonicalBytes())
                waiting.append(
                    Commit(
                        stream: part.stream, expected: revision == 0 ? .noStream : .exact(Revision(revision - 1)),
                        events: Array(repeating: event, count: Int(count))))
                revision += count
                if waiting.count >= Self.batch { try await flush() }
            }
            next = part.places.upperBound
        }
    }

    private mutating func flush() async throws {
        for outcome in await log.append(waiting) { _ = try outcome.get() }
        waiting = []
    }
}
