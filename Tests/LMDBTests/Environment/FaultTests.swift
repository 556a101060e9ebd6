import Foundation
import LMDB
import TestSupport
import Testing

/// What the operating system does to a store.
///
/// Each in a process of its own, where limits and users can be changed.
@Suite struct FaultTests {
    @Test func `a full disk refuses writes, reading goes on, and writing too when there is room again`() throws {
        let directory = try TemporaryDirectory()
        let probe = try ProbeProcess("fillDisk", directory.path, 300_000)
        #expect(probe.lines() == ["refused noSpace", "readable true", "writable true"])
        let environment = try Environment.open(at: directory.path)
        let table = try environment.openTable("t", flags: [.integerKey])
        #expect(try environment.read { try $0.count(of: table) } > 20)
    }

    @Test func `after a fork the child can't use what the parent opened, and may open its own`() throws {
        let directory = try TemporaryDirectory()
        let probe = try ProbeProcess("fork", directory.path)
        #expect(probe.lines() == ["read forked", "write forked", "own fine", "parent 2"])
    }

    @Test func `a directory that can't be written says so`() throws {
        let directory = try TemporaryDirectory()
        try Environment.open(at: directory.path).close()
        for name in ["data.mdb", "lock.mdb"] { chmod(directory.path(name), 0o444) }
        chmod(directory.path, 0o555)
        let probe = try ProbeProcess("asNobody", directory.path)
        #expect(probe.lines() == ["readWrite accessDenied", "readOnly accessDenied"])
    }

    @Test func `a map that can't be grown for want of addresses is an error, and reopening mends it`() throws {
        let directory = try TemporaryDirectory()
        let probe = try ProbeProcess("outOfAddresses", directory.path)
        #expect(probe.lines() == ["write other(12)", "read panicked", "again fine"])
    }
}
