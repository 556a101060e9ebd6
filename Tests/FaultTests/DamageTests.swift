import Determinism
import EventLog
import Foundation
import LMDB
import TestSupport
import Testing

extension FaultTests {
    @Suite struct DamageTests {
        /// A closed store with some events, the file that holds them, and its bytes.
        private struct Sample {
            let directory: TemporaryDirectory
            var store: String { directory.path("store") }
            var file: String { directory.path("store/log/data.mdb") }
            let bytes: [UInt8]
            let records: [[UInt8]]

            init() async throws {
                directory = try TemporaryDirectory("damage")
                let log = try LMDBLog.open(at: directory.path("store"))
                defer { log.close() }
                let events = (0..<300).map { number in
                    NewEvent(
                        type: EventType("fault.recorded"), version: 1, time: Timestamp(microseconds: Int64(number)),
                        data: Array(
                            #"{"name":"event \#(number)","text":"\#(String(repeating: "x", count: 60))"}"#.utf8))
                }
                let stream = try StreamName("damage-1")
                _ = try await log.append(Commit(stream: stream, expected: .noStream, events: events))
                var records: [[UInt8]] = []
                try log.scan { records.append($0.record) }
                self.records = records
                bytes = try Array(Data(contentsOf: URL(fileURLWithPath: directory.path("store/log/data.mdb"))))
            }

            /// Where some bytes begin in the file.
            func place(of pattern: [UInt8], from start: Int = 0) -> Int? {
                Data(bytes).range(of: Data(pattern), in: start..<bytes.count)?.lowerBound
            }

            func write(_ bytes: some Collection<UInt8>) throws {
                try Data(bytes).write(to: URL(fileURLWithPath: file))
            }
        }

        @Test func `a data file that was cut short is called damaged, wherever it ends`() async throws {
            let sample = try await Sample()
            for length in [1, 100, 4_095, 4_096, 8_191, 8_192, sample.bytes.count / 2, sample.bytes.count - 4_096] {
                try sample.write(sample.bytes.prefix(length))
                #expect(
                    try FaultTests.lines("open", sample.store) == ["create damaged", "readOnly damaged"],
                    "cut to \(length) bytes")
            }
        }

        @Test func `a data file of no bytes, and a missing one, are called damaged, and no new log takes their place`()
            async throws
        {
            let sample = try await Sample()
            try sample.write([])
            #expect(try FaultTests.lines("open", sample.store) == ["create damaged", "readOnly damaged"])
            try FileManager.default.removeItem(atPath: sample.file)
            #expect(try FaultTests.lines("open", sample.store) == ["create damaged", "readOnly damaged"])
            #expect(!FileManager.default.fileExists(atPath: sample.file))
        }

        @Test func `garbage in place of the data file is called damaged`() async throws {
            let seed = FaultTests.seed(of: "garbage")
            var random = SeededGenerator(seed: seed)
            let sample = try await Sample()
            try sample.write((0..<100_000).map { _ in UInt8(truncatingIfNeeded: random.next()) })
            #expect(try FaultTests.lines("open", sample.store) == ["create damaged", "readOnly damaged"])
        }

        @Test func `whichever byte of a record was changed, verification names its position and none before it`()
            async throws
        {
            let sample = try await Sample()
            let position = 150
            let record = sample.records[position]
            let start = try #require(sample.place(of: record))
            #expect(sample.place(of: record, from: start + 1) == nil, "the file holds the record once")
            for offset in record.indices {
                var bytes = sample.bytes
                bytes[start + offset] ^= 0x10
                try sample.write(bytes)
                let log = try LMDBLog.open(at: sample.store, LMDBLog.Options(access: .readOnly))
                defer { log.close() }
                let found = try log.verify()
                #expect(found.fault?.position == Position(150), "byte \(offset) of the record: \(found)")
                #expect(found.soundEvents == 150)
            }
        }

        @Test func `a changed hash of the tree, or of the head, is found`() async throws {
            let sample = try await Sample()
            let log = try LMDBLog.open(at: sample.store)
            let root = try log.head().root.bytes
            log.close()
            let leaf = Digest(of: [0x00] + sample.records[150]).bytes
            for (hash, position) in [(leaf, Position(150) as Position?), (root, nil)] {
                let start = try #require(sample.place(of: hash))
                var bytes = sample.bytes
                bytes[start + 7] ^= 1
                try sample.write(bytes)
                let log = try LMDBLog.open(at: sample.store)
                defer { log.close() }
                let found = try log.verify()
                #expect(!found.isIntact && found.fault?.position == position, "\(found)")
            }
        }

        @Test func `a store of a newer format is refused, and left as it is`() async throws {
            let sample = try await Sample()
            let manifest = sample.store + "/store.json"
            let old = try String(contentsOfFile: manifest, encoding: .utf8)
            let new = old.replacing(#""format":1"#, with: #""format":3"#)
            try #require(new != old)
            try Data(new.utf8).write(to: URL(fileURLWithPath: manifest))
            #expect(try FaultTests.lines("open", sample.store) == ["create newerFormat", "readOnly newerFormat"])
            #expect(try String(contentsOfFile: manifest, encoding: .utf8) == new)
            #expect(try Array(Data(contentsOf: URL(fileURLWithPath: sample.file))) == sample.bytes)
        }

        @Test func `a log whose state or rules are newer is refused`() async throws {
            for field in [0, 2] {
                let sample = try await Sample()
                try change(sample.store + "/log") { $0[field] = 2 }
                #expect(try FaultTests.lines("open", sample.store) == ["create newerFormat", "readOnly newerFormat"])
            }
        }

        @Test func `a directory that belongs to another is refused, or read when its lock may be taken`() async throws {
            let sample = try await Sample()
            for path in ["log", "blobs"] {
                chmod(sample.store + "/\(path)/data.mdb", 0o444)
                chmod(sample.store + "/\(path)/lock.mdb", 0o444)
                chmod(sample.store + "/\(path)", 0o555)
            }
            chmod(sample.store, 0o555)
            defer { for path in ["", "/log", "/blobs"] { chmod(sample.store + path, 0o755) } }
            #expect(try FaultTests.lines("nobody", sample.store) == ["create readOnly", "readOnly readOnly"])
            for path in ["log", "blobs"] { chmod(sample.store + "/\(path)/lock.mdb", 0o666) }
            #expect(try FaultTests.lines("nobody", sample.store) == ["create readOnly", "readOnly reads everything"])
        }

        /// Changes the log's state entry.
        private func change(_ path: String, _ body: (inout [UInt8]) -> Void) throws {
            let environment = try Environment.open(at: path)
            defer { environment.close() }
            let table = try environment.openTable("meta", create: false)
            try environment.write { transaction in
                var bytes = try #require(try transaction.value(of: Array("state".utf8), in: table))
                body(&bytes)
                try transaction.put(bytes, at: Array("state".utf8), in: table)
            }
        }
    }
}
