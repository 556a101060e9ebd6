import Foundation
import LMDB
import TestSupport
import Testing

@testable import EventLog

@Suite struct VerificationTests {
    private static func filled(_ events: Int = 1_000) async throws -> TemporaryStore {
        let store = try TemporaryStore()
        for start in stride(from: 0, to: events, by: 50) {
            _ = try await store.log.append(Sample.commit("s-\(start % 7)", .any, start..<start + 50))
        }
        return store
    }

    @Test func `an intact log is intact`() async throws {
        let store = try await Self.filled()
        var told: UInt64 = 0
        let result = try store.log.verify { told = $0 }
        #expect(result == VerificationResult(claimed: try store.log.head(), soundEvents: 1_000, fault: nil))
        #expect(told == 1_000)
        let empty = try TemporaryStore()
        #expect(try empty.log.verify().isIntact)
    }

    @Test(arguments: [0, 1, 255, 256, 617, 999])
    func `a changed byte names its position`(_ position: Int) async throws {
        let store = try await Self.filled()
        store.log.close()
        try Self.change(store.path + "/log/data.mdb", #""number":\#(position),"#, #""number":\#(position)0"#)
        let log = try LMDBLog.open(at: store.path, .init(access: .readOnly))
        defer { log.close() }
        let result = try log.verify()
        #expect(result.fault?.position == Position(UInt64(position)))
        #expect(result.soundEvents == UInt64(position))
    }

    @Test func `a lost record is a hole`() async throws {
        let store = try await Self.filled()
        try store.log.reader.environment.write { transaction in
            _ = try transaction.delete(UInt64(500), in: store.log.reader.tables.events)
        }
        let result = try store.log.verify()
        #expect(result.fault?.position == Position(500))
        #expect(throws: LogError.self) { try store.log.scan { _ in } }
    }

    @Test func `a rewritten record with a rewritten leaf does not fit the tree`() async throws {
        let store = try await Self.filled()
        let tables = store.log.reader.tables
        try store.log.reader.environment.write { transaction in
            let key = MerkleTree.TileKey(level: 1, number: 0)
            var tile = try #require(try transaction.value(of: key.bytes, in: tables.tree))
            tile[40] ^= 1
            try transaction.put(tile, at: key.bytes, in: tables.tree)
        }
        let result = try store.log.verify()
        #expect(result.fault != nil)
    }

    @Test func `another root than that of the records is found`() async throws {
        let store = try await Self.filled()
        let tables = store.log.reader.tables
        try store.log.reader.environment.write { transaction in
            var meta = try tables.meta(in: transaction)
            meta.root = MerkleTree.emptyRoot
            try transaction.put(meta.bytes, at: LogMeta.key, in: tables.meta)
        }
        let result = try store.log.verify()
        #expect(result.fault == .init(position: nil, found: "the root is not that of the records"))
    }

    @Test func `an entry beside the head is found`() async throws {
        let store = try await Self.filled()
        let tables = store.log.reader.tables
        try store.log.reader.environment.write { transaction in
            try transaction.put([1], at: Array("other".utf8), in: tables.meta)
        }
        let result = try store.log.verify()
        #expect(result.fault == .init(position: nil, found: "the log has entries beside its head"))
    }

    @Test func `an index that differs from the records is found`() async throws {
        let store = try await Self.filled()
        let tables = store.log.reader.tables
        try store.log.reader.environment.write { transaction in
            let entry = try #require(try tables.entry(of: StreamName("s-1"), in: transaction))
            try transaction.appendDuplicate(UInt64(998), at: entry.id, in: tables.streamEvents)
            let longer = StreamEntry(id: entry.id, last: entry.last.next)
            let bytes = longer.withBytes { $0.withUnsafeBytes { Array($0) } }
            try transaction.put(bytes, at: Array("s-1".utf8), in: tables.streams)
        }
        #expect(try store.log.verify().fault != nil)
    }

    @Test func `records are judged by themselves`() async throws {
        let store = try await Self.filled(50)
        let event = try #require(try store.log.event(at: .first))
        let record = event.record
        func problem(_ change: (inout [UInt8]) -> Void) throws -> String? {
            var changed = record
            change(&changed)
            var audit = RecordAudit()
            return audit.problem(try Event(position: .first, record: changed))
        }
        #expect(try problem { _ in } == nil)
        #expect(try problem { $0[RecordLayout.flagsOffset] = 1 } != nil)
        #expect(try problem { $0[RecordLayout.versionOffset] = 0 } != nil)
        #expect(try problem { $0[RecordLayout.indexOffset] = 1 } != nil)
        #expect(try problem { $0[RecordLayout.revisionOffset] = 1 } != nil)
        #expect(try problem { $0[RecordLayout.headerLength] = UInt8(ascii: "S") } != nil)
        #expect(try problem { $0[RecordLayout.headerLength + 3] = UInt8(ascii: ".") } != nil)
        #expect(try problem { $0[$0.count - 1] = UInt8(ascii: " ") } != nil)
    }

    @Test func `a commit's id is judged with its last event`() async throws {
        let store = try TemporaryStore()
        _ = try await store.log.append(Sample.commit("s-1", .noStream, 0..<3))
        var audit = RecordAudit()
        let events = try store.log.readStream(StreamName("s-1"))
        for event in events { #expect(audit.problem(event) == nil) }
        audit = RecordAudit()
        for event in events {
            var record = event.record
            record[RecordLayout.commitIDOffset] ^= 1
            let problem = audit.problem(try Event(position: event.position, record: record))
            #expect((problem == nil) == (event.indexInCommit < 2))
        }
        audit = RecordAudit()
        #expect(audit.problem(events[0]) == nil)
        #expect(audit.problemAtEnd() != nil)
        #expect(audit.problem(events[2]) != nil)
    }

    @Test func `a file cut short is an error at opening`() async throws {
        let store = try await Self.filled()
        store.log.close()
        let file = store.path + "/log/data.mdb"
        let size = try #require(try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
        try handle.truncate(atOffset: UInt64(size / 2))
        try handle.close()
        let error = #expect(throws: LogError.self) { try LMDBLog.open(at: store.path) }
        #expect(error?.code == .damaged(nil))
    }

    @Test func `a changed blob is not handed out`() async throws {
        let store = try TemporaryStore()
        let blob = Blob(Array("the quick brown fox".utf8))
        _ = try await store.log.append(Sample.commit("s-1", .noStream, 0..<1, blobs: [blob]))
        store.log.close()
        try Self.change(store.path + "/blobs/data.mdb", "brown fox", "brawn fox")
        let log = try LMDBLog.open(at: store.path)
        defer { log.close() }
        let error = #expect(throws: LogError.self) { try log.blob(blob.digest) }
        #expect(error?.code == .damaged(nil))
    }

    private static func change(_ path: String, _ old: String, _ new: String) throws {
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        var found = 0
        while let range = data.range(of: Data(old.utf8)) {
            data.replaceSubrange(range, with: Data(new.utf8))
            found += 1
        }
        try #require(found > 0)
        try data.write(to: URL(fileURLWithPath: path))
    }
}
