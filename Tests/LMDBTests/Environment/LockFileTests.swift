import Glibc
import TestSupport
import Testing

@testable import LMDB

@Suite struct LockFileTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path("store/lock.mdb") }

    init() throws { directory = try TemporaryDirectory() }

    private func status() throws -> stat {
        var status = stat()
        try #require(unsafe stat(path, &status) == 0)
        return status
    }

    private func makeSparse(_ bytes: Int) throws {
        try #require(unsafe truncate(path, 0) == 0)
        try #require(unsafe truncate(path, bytes) == 0)
        try #require(try status().st_blocks == 0)
    }

    @Test func `all of it has blocks, so that touching it needs no room on the disk`() throws {
        let environment = try Environment.open(at: directory.path("store"))
        defer { environment.close() }
        let status = try status()
        #expect(status.st_size > 512 * 64 && Int(status.st_blocks) * 512 >= Int(status.st_size))
    }

    @Test func `one that was made without blocks gets them, and keeps its size`() throws {
        try Environment.open(at: directory.path("store")).close()
        let size = Int(try status().st_size)
        for bytes in [size, 2 * size] {
            try makeSparse(bytes)
            let environment = try Environment.open(at: directory.path("store"))
            defer { environment.close() }
            let status = try status()
            #expect(Int(status.st_size) == bytes && Int(status.st_blocks) * 512 >= bytes)
            let table = try environment.openTable("t")
            try environment.write { try $0.put([1], at: [1], in: table) }
        }
    }

    @Test func `one that can't be written is left as it is`() throws {
        try Environment.open(at: directory.path("store")).close()
        try #require(unsafe unlink(path) == 0)
        try #require(unsafe mkdir(path, 0o700) == 0)
        try LockFile.reserve(in: directory.path("store"), readers: 1)
        #expect(try status().st_mode & S_IFMT == S_IFDIR)
    }
}
