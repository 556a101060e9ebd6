import Foundation
import TestSupport
import Testing

@testable import Projections

extension TemporaryDirectory {
    func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(directory)).sorted()
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    }
}

@Suite struct ViewDirectoryTests {
    private func open(_ directory: TemporaryDirectory, boot: String) throws -> ViewDirectory {
        try ViewDirectory(at: directory.path("views"), bootID: boot)
    }

    @Test func `a directory that was only read has no marker`() throws {
        let directory = try TemporaryDirectory()
        let views = try open(directory, boot: "one")
        #expect(views.wasAlone)
        #expect(try directory.names(in: "views") == ["users.lock"])
        views.leave { Issue.record("there is nothing to sync") }
    }

    @Test func `the last one to leave syncs and removes the marker`() throws {
        let directory = try TemporaryDirectory()
        let first = try open(directory, boot: "one")
        let second = try open(directory, boot: "one")
        #expect(!second.wasAlone)
        try first.markDirty()
        try second.markDirty()
        #expect(try directory.names(in: "views") == ["dirty", "users.lock"])
        first.leave { Issue.record("the second still uses it") }
        #expect(try directory.names(in: "views") == ["dirty", "users.lock"])
        var synced = false
        second.leave { synced = true }
        #expect(synced)
        #expect(try directory.names(in: "views") == ["users.lock"])
    }

    @Test func `after a crash of the machine everything is thrown away, after one of a process nothing`() throws {
        let directory = try TemporaryDirectory()
        try open(directory, boot: "one").markDirty()
        try directory.write([1], to: "views/data.mdb")
        // Whoever is released without leaving is as good as killed.
        #expect(try open(directory, boot: "one").wasAlone)
        #expect(try directory.names(in: "views") == ["data.mdb", "dirty", "users.lock"])
        try open(directory, boot: "one").leave { throw CancellationError() }
        #expect(try directory.names(in: "views") == ["data.mdb", "dirty", "users.lock"])
        #expect(try open(directory, boot: "two").wasAlone)
        #expect(try directory.names(in: "views") == ["users.lock"])
    }

    @Test func `a directory that was left in order outlives a boot`() throws {
        let directory = try TemporaryDirectory()
        let views = try open(directory, boot: "one")
        try views.markDirty()
        try directory.write([1], to: "views/data.mdb")
        views.leave {}
        #expect(try open(directory, boot: "two").wasAlone)
        #expect(try directory.names(in: "views") == ["data.mdb", "users.lock"])
    }

    @Test func `leftovers of questions about the past are removed`() throws {
        let directory = try TemporaryDirectory()
        #expect(try open(directory, boot: "one").wasAlone)
        let past = try ViewDirectory(at: directory.path("views/past-1-1"), isTemporary: true)
        try past.markDirty()
        #expect(try directory.names(in: "views") == ["past-1-1", "users.lock"])
        #expect(try open(directory, boot: "one").wasAlone)
        #expect(try directory.names(in: "views") == ["users.lock"])
    }
}
