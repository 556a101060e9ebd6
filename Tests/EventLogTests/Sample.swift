import CanonicalJSON
import Determinism
import EventLog
import TestSupport

/// Events and stores for tests.
enum Sample {
    static let type = EventType("sample.recorded")
    static let other = EventType("sample.noted")

    static func event(_ number: Int, type: EventType = type, padding: Int = 0) -> NewEvent {
        let text = String(repeating: "x", count: padding)
        return NewEvent(
            type: type, version: 1, time: Timestamp(microseconds: 1_700_000_000_000_000 + Int64(number)),
            data: Array(#"{"number":\#(number),"text":"\#(text)"}"#.utf8), metadata: EventMetadata.none.canonicalBytes()
        )
    }

    static func commit(
        _ stream: String, _ expected: ExpectedRevision, _ numbers: Range<Int>, type: EventType = type,
        blobs: [Blob] = []
    ) throws -> Commit {
        Commit(
            stream: try StreamName(stream), expected: expected, events: numbers.map { event($0, type: type) },
            blobs: blobs)
    }
}

/// A store in a directory of its own, closed and removed when released.
final class TemporaryStore: Sendable {
    let log: LMDBLog
    private let directory: TemporaryDirectory

    init(_ options: LMDBLog.Options = LMDBLog.Options(durability: .noSync)) throws {
        directory = try TemporaryDirectory("log")
        log = try LMDBLog.open(at: directory.path("store"), options)
    }

    var path: String { directory.path("store") }

    deinit {
        log.close()
    }
}
