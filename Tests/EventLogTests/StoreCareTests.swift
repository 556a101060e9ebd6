import CanonicalJSON
import Determinism
import EventLog
import Foundation
import TestSupport
import Testing

@Suite struct StoreCareTests {
    /// Bytes that no compression makes smaller, and that are found again.
    private static func noise(_ seed: UInt64, _ count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }

    private static func files(_ directory: String) throws -> [Data] {
        let names = try #require(FileManager.default.enumerator(atPath: directory)).compactMap { $0 as? String }
        return try names.filter { $0.hasSuffix("data.mdb") }
            .map { try Data(contentsOf: URL(fileURLWithPath: directory + "/" + $0)) }
    }

    /// How many of the blobs leave a trace of 16 bytes, from their beginning, middle or end, in some file.
    private static func traces(of blobs: [Blob], in directory: String) throws -> Int {
        let files = try files(directory)
        return blobs.filter { blob in
            [0, blob.bytes.count / 2, blob.bytes.count - 16].contains { start in
                let part = Data(blob.bytes[start..<start + 16])
                return files.contains { $0.range(of: part) != nil }
            }
        }
        .count
    }

    private static func names(_ event: Event) throws -> [Digest] { try event.metadata().cause?.blobs ?? [] }

    private static func naming(_ blobs: [Blob], _ stream: String, _ expected: ExpectedRevision = .any) throws -> Commit
    {
        let metadata = EventMetadata(cause: Cause(blobs: blobs.map(\.digest)))
        let event = NewEvent(
            type: Sample.type, version: 1, time: Timestamp(microseconds: 1), data: Array("{}".utf8),
            metadata: metadata.canonicalBytes())
        return Commit(stream: try StreamName(stream), expected: expected, events: [event], blobs: blobs)
    }

    @Test func `a copy has the events of one moment, and every blob that they name, while others append`() async throws
    {
        let store = try TemporaryStore()
        let directory = try TemporaryDirectory("copies")
        let log = store.log
        _ = try await log.append(Self.naming([Blob(Self.noise(1, 3_000))], "s-first"))
        let appending = Task {
            for number in 0..<400 as Range<UInt64> {
                _ = try await log.append(Self.naming([Blob(Self.noise(100 + number, 2_500))], "s-\(number % 7)"))
            }
        }
        for number in 0..<6 {
            let path = directory.path("copy\(number)")
            try log.copy(to: path, compacting: number % 2 == 1)
            let copy = try LMDBLog.open(at: path, .init(access: .readOnly))
            defer { copy.close() }
            let head = try copy.head()
            #expect(copy.manifest == log.manifest)
            #expect(try copy.verify().isIntact)
            #expect(try log.head(ofSize: head.size) == head)
            try copy.scan { event in
                for digest in try Self.names(event) { #expect(try copy.blob(digest) != nil) }
            }
        }
        try await appending.value
    }

    @Test func `a copy isn't made into a directory with other things in it`() throws {
        let store = try TemporaryStore()
        let directory = try TemporaryDirectory("copies")
        try Data("mine".utf8).write(to: URL(fileURLWithPath: directory.path("file")))
        let error = #expect(throws: LogError.self) { try store.log.copy(to: directory.path) }
        #expect(error?.code == .notAStore)
    }

    @Test func `a blob is erased unless an event behind the position names it`() async throws {
        let store = try TemporaryStore()
        let (gone, kept, untouched) = (Blob(Self.noise(1, 40)), Blob(Self.noise(2, 40)), Blob(Self.noise(3, 40)))
        _ = try await store.log.append(Self.naming([gone, kept, untouched], "s-1"))
        let limit = Position(try store.log.head().size)
        _ = try await store.log.append(Self.naming([kept], "s-2"))
        let absent = Digest(of: [9])
        let erased = try store.log.eraseBlobs(
            [gone.digest: limit, kept.digest: limit, absent: limit], naming: Self.names)
        #expect(erased.count == 1)
        #expect(erased.bytes == 41)
        #expect(try store.log.blob(gone.digest) == nil)
        #expect(try store.log.blob(kept.digest) == kept.bytes)
        #expect(try store.log.blob(untouched.digest) == untouched.bytes)
        #expect(try store.log.present(of: [gone.digest, kept.digest]) == [kept.digest])
        #expect(try store.log.eraseBlobs([gone.digest: limit], naming: Self.names) == ErasedBlobs())
    }

    @Test func `an event that names a blob never loses it to an erasure at the same time`() async throws {
        let store = try TemporaryStore()
        let log = store.log
        let blob = Blob(Self.noise(1, 3_000))
        _ = try await log.append(Self.naming([blob], "s-0"))
        for round in 1..<60 {
            let limit = Position(try log.head().size)
            async let appended = log.append(Self.naming([blob], "s-\(round)"))
            _ = try log.eraseBlobs([blob.digest: limit], naming: Self.names)
            _ = try await appended
            #expect(try log.blob(blob.digest) == blob.bytes, "round \(round)")
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `after compacting no byte of an erased blob is in any file`(seed: UInt64) async throws {
        let store = try TemporaryStore()
        var generator = SeededGenerator(seed: seed)
        // Of all sizes that LMDB keeps differently: in a leaf, on one page of their own, and on several.
        let blobs = (0..<300 as Range<UInt64>).map { number in
            Blob(Self.noise(seed << 32 | number, 24 + Int(generator.uniform(below: number % 3 == 0 ? 12_000 : 3_000))))
        }
        for start in stride(from: 0, to: blobs.count, by: 10) {
            _ = try await store.log.append(Self.naming(Array(blobs[start..<start + 10]), "s-\(start)"))
        }
        let limit = Position(try store.log.head().size)
        let head = try store.log.head()
        let erased = blobs.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        let kept = blobs.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        for start in stride(from: 0, to: erased.count, by: 30) {
            let part = erased[start..<min(start + 30, erased.count)]
            _ = try store.log.eraseBlobs(
                Dictionary(part.map { ($0.digest, limit) }) { first, _ in first }, naming: Self.names)
        }
        #expect(try Self.traces(of: erased, in: store.path) > 0)
        try store.log.compact()
        #expect(throws: LogError.self) { try store.log.head() }
        #expect(try Self.traces(of: erased, in: store.path) == 0, "seed \(seed)")
        #expect(try Self.traces(of: kept, in: store.path) == kept.count)
        #expect(!FileManager.default.fileExists(atPath: store.path + "/log/compacting"))
        #expect(!FileManager.default.fileExists(atPath: store.path + "/blobs/compacting"))

        let again = try LMDBLog.open(at: store.path, .init(access: .mustExist))
        defer { again.close() }
        #expect(try again.head() == head)
        #expect(try again.verify().isIntact)
        for blob in kept { #expect(try again.blob(blob.digest) == blob.bytes) }
        _ = try await again.append(Self.naming([erased[0]], "s-again"))
        #expect(try again.blob(erased[0].digest) == erased[0].bytes)

        let directory = try TemporaryDirectory("copies")
        try again.copy(to: directory.path("copy"))
        #expect(try Self.traces(of: Array(erased.dropFirst()), in: directory.path("copy")) == 0)
    }

    @Test func `what a killed compaction left is removed by the next one`() async throws {
        let store = try TemporaryStore()
        let blob = Blob(Self.noise(1, 5_000))
        _ = try await store.log.append(Self.naming([blob], "s-1"))
        let leftover = store.path + "/blobs/compacting"
        try FileManager.default.createDirectory(atPath: leftover, withIntermediateDirectories: false)
        try Data(blob.bytes).write(to: URL(fileURLWithPath: leftover + "/data.mdb"))
        _ = try store.log.eraseBlobs([blob.digest: Position(1)], naming: Self.names)
        try store.log.compact()
        #expect(try Self.traces(of: [blob], in: store.path) == 0)
    }
}
