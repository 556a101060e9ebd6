import Foundation
import LMDB
import TestSupport
import Testing

@Suite struct DataFileTests {
    @Test func `a sound file of any kind opens`() throws {
        let store = try DamagedStore()
        #expect(store.reopening() == nil)
    }

    @Test(arguments: [1, 100, 4_096, 8_191])
    func `a file that ends within its meta pages is truncated`(size: Int) throws {
        let store = try DamagedStore()
        try store.truncate(to: size)
        #expect(store.reopening() == .truncated)
    }

    @Test func `a file cut anywhere short of its last page is truncated`() throws {
        let store = try DamagedStore()
        for fraction in [0.1, 0.5, 0.9] {
            try store.truncate(to: Int(Double(store.bytes.count) * fraction))
            #expect(store.reopening() == .truncated)
        }
        try store.truncate(to: store.bytes.count - 1)
        #expect(store.reopening() == .truncated)
    }

    @Test func `an empty file is a beginning for a writer and an error for a reader`() throws {
        let store = try DamagedStore()
        try store.truncate(to: 0)
        #expect(code { try Environment.open(at: store.directory.path, .readOnly) } == .truncated)
        #expect(store.reopening() == nil)
    }

    @Test func `garbage is invalid, from a printed seed`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("garbage from seed \(seed)")
        var state = seed
        let store = try DamagedStore()
        for size in [8_192, 12_288, 100_000] {
            let bytes = (0..<size).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
            try store.write(bytes)
            #expect(store.reopening() == .invalid)
        }
        try store.write([UInt8](repeating: 0, count: 20_000))
        #expect(store.reopening() == .invalid)
        try store.write(Array(String(repeating: "SQLite format 3\0", count: 1_000).utf8))
        #expect(store.reopening() == .invalid)
    }

    @Test(arguments: [2, 3, 231] as [UInt8])
    func `another version of the format is named, as LMDB 1.0's`(version: UInt8) throws {
        let store = try DamagedStore()
        for page in [0, 4_096] { try store.patch(page + 20, [version]) }
        #expect(store.reopening() == .versionMismatch)
    }

    @Test func `meta pages that make no sense are invalid`() throws {
        let damages: [(String, Int, [UInt8])] = [
            ("magic", 16, [0, 0, 0, 0]),
            ("page size zero", 40, [0, 0, 0, 0]),
            ("page size odd", 40, [1, 16, 0, 0]),
            ("page size huge", 40, [0, 0, 0, 64]),
            ("root beyond the end", 128, [255, 255, 255, 255, 0, 0, 0, 0]),
            ("free list beyond the end", 80, [255, 255, 255, 255, 0, 0, 0, 0]),
            ("last page overflows", 136, [255, 255, 255, 255, 255, 255, 255, 255]),
        ]
        for (name, offset, bytes) in damages {
            let store = try DamagedStore()
            for page in [0, 4_096] { try store.patch(page + offset, bytes) }
            #expect(store.reopening() == .invalid, "\(name)")
        }
    }

    @Test func `a last page number beyond the file is a truncation`() throws {
        let store = try DamagedStore()
        for page in [0, 4_096] { try store.patch(page + 136, [0, 0, 0, 1, 0, 0, 0, 0]) }
        #expect(store.reopening() == .truncated)
    }

    @Test func `a file whose missing last pages are all free is sound`() throws {
        let store = try DamagedStore()
        var shortened = false
        for round in 0..<20 as Range<UInt64> where !shortened {
            try store.reopened { environment, table in
                try environment.write { transaction in
                    let large = [UInt8](repeating: 9, count: 200_000)
                    for key in 0..<5 as Range<UInt64> { try transaction.put(large, at: 1_000_000 + key, in: table) }
                    for key in 0..<5 as Range<UInt64> { try transaction.delete(1_000_000 + key, in: table) }
                    try transaction.put([1], at: 2_000_000 + round, in: table)
                }
                let statistics = try environment.statistics()
                shortened = statistics.fileSize < (statistics.lastPage + 1) * statistics.pageSize
            }
        }
        try #require(shortened, "LMDB wrote every page; the case has to be provoked otherwise")
        #expect(store.reopening() == nil)
        let size = try Data(contentsOf: URL(fileURLWithPath: store.file)).count
        try store.cut(to: size / 2)
        #expect(store.reopening() == .truncated)
    }

    @Test func `the message says what to do`() throws {
        let store = try DamagedStore()
        try store.truncate(to: 5_000)
        #expect {
            try Environment.open(at: store.directory.path)
        } throws: { error in
            "\(error)".contains("restore it from a copy") && "\(error)".contains(store.directory.path)
        }
    }
}

/// A store with some content, whose data file a test damages while it is closed.
private struct DamagedStore {
    let directory: TemporaryDirectory
    let bytes: [UInt8]

    var file: String { directory.path("data.mdb") }

    init() throws {
        directory = try TemporaryDirectory()
        let environment = try Environment.open(at: directory.path)
        let table = try environment.openTable("t", flags: [.integerKey])
        for batch in 0..<3 as Range<UInt64> {
            try environment.write { transaction in
                for key in 0..<200 as Range<UInt64> {
                    try transaction.put([UInt8](repeating: 1, count: 300), at: batch * 200 + key, in: table)
                }
            }
        }
        environment.close()
        bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: directory.path("data.mdb"))))
    }

    func write(_ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: file))
    }

    func truncate(to size: Int) throws {
        try write(Array(bytes.prefix(size)))
    }

    func cut(to size: Int) throws {
        try FileHandle(forWritingTo: URL(fileURLWithPath: file)).truncate(atOffset: UInt64(size))
    }

    func patch(_ offset: Int, _ replacement: [UInt8]) throws {
        var patched = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        patched.replaceSubrange(offset..<offset + replacement.count, with: replacement)
        try write(patched)
    }

    func reopened(_ body: (Environment, Table) throws -> Void) throws {
        let environment = try Environment.open(at: directory.path)
        defer { environment.close() }
        try body(environment, try environment.openTable("t", flags: [.integerKey]))
    }

    /// Opens and reads everything; the code of the error, if there is one.
    func reopening() -> LMDBError.Code? {
        code {
            try reopened { environment, table in
                try environment.read { try $0.forEach(from: 0, in: table) { _, value in value.byteCount > 0 } }
            }
        }
    }
}
