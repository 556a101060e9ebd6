import Determinism
import Foundation
import Testing

@testable import EventLog

@Suite struct FormatDocumentTests {
    @Test func `the example in the format's document is what the code writes`() async throws {
        let stream = try StreamName("job-1")
        let submitted = NewEvent(
            type: EventType("job.submitted"), version: 1, time: Timestamp(microseconds: 1_767_225_600_000_000),
            data: Array(#"{"kind":"probe"}"#.utf8), metadata: Array(#"{"run":"r1"}"#.utf8))
        let completed = NewEvent(
            type: EventType("job.completed"), version: 1, time: Timestamp(microseconds: 1_767_225_601_500_000),
            data: Array(#"{"ok":true}"#.utf8), metadata: Array(#"{"cause":{"positions":[0]},"run":"r1"}"#.utf8))
        let store = try TemporaryStore()
        let first = try await store.log.append(Commit(stream: stream, expected: .noStream, events: [submitted]))
        let rootOfOne = try store.log.head().root
        let second = try await store.log.append(
            Commit(stream: stream, expected: .exact(.first), events: [completed]))
        let record = try #require(try store.log.event(at: .first)).record
        let other = try #require(try store.log.event(at: Position(1))).record
        let any = try Proposal(Commit(stream: stream, expected: .any, events: [submitted]))
        let document = try Self.document()
        #expect(document.contains("Its record, \(record.count) bytes:"))
        #expect(document.contains(Self.dump(record)))
        #expect(document.contains("| commit id | `\(first.commitID)` |"))
        #expect(document.contains("for any place | `\(any.id)` |"))
        #expect(document.contains("| leaf hash = root of size 1 | `\(rootOfOne)` |"))
        #expect(document.contains("| commit id | `\(second.commitID)` |"))
        #expect(document.contains("| leaf hash | `\(Digest.leaf(other))` |"))
        #expect(document.contains("| root of size 2 | `\(try store.log.head().root)` |"))
        #expect(document.contains(Self.hex(try store.log.reader.meta().bytes[...])))
    }

    private static func document() throws -> String {
        let tests = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        let file = tests.appendingPathComponent("../../schemas/log-format.md").standardizedFileURL
        return try String(contentsOf: file, encoding: .utf8)
    }

    private static func dump(_ bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count, by: 16).map { start in
            String(format: "%04x  ", start) + hex(bytes[start..<min(start + 16, bytes.count)])
        }.joined(separator: "\n")
    }

    private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.map { String(format: "%02x", $0) }.joined(separator: " ")
    }
}
