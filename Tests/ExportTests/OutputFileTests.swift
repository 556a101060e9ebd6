import Audit
import EventLog
import Foundation
import Glibc
import TestSupport
import Testing

/// Files have their names when they are whole, and what killed processes have left of them goes with the next one.
@Suite struct OutputFileTests {
    private let directory: TemporaryDirectory
    /// No process has this number: it is behind the greatest that the kernel gives.
    private static let dead = 999_999_999

    init() throws { directory = try TemporaryDirectory("output") }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
    }

    private func leave(_ name: String) throws {
        try Data("left".utf8).write(to: URL(fileURLWithPath: directory.path(name)))
    }

    @Test func nothingIsWrittenIntoAStore() throws {
        let store = directory.path("store")
        try LMDBLog.open(at: store, .init(access: .create)).close()
        let names = try FileManager.default.contentsOfDirectory(atPath: store)
        let error = #expect(throws: LogError.self) { _ = try OutputFile(replacing: store + "/results.db") }
        #expect(error?.message.contains("is in the directory of the store") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: store) == names)
    }

    @Test func whatAKilledProcessLeftGoesWhenTheNextOneBegins() throws {
        try leave("b.zip.\(Self.dead).partial")
        do {
            let file = try OutputFile(replacing: directory.path("b.zip"))
            #expect(try names == ["b.zip.\(getpid()).partial"])
            try file.write([1])
            try file.finish()
        }
        #expect(try names == ["b.zip"])
    }

    @Test func whatIsNoLeftoverOfThisNameIsNeverRemoved() throws {
        let others = [
            "a.zip.\(Self.dead).partial", "b.zip.\(getppid()).partial", "b.zip.0\(Self.dead).partial",
            "b.zip.-\(Self.dead).partial", "b.zip.partial", "b.zip.\(Self.dead)", "b.zip.x.partial",
            "b.zip.1.\(Self.dead).partial", "b.zip.99999999999.partial",
        ]
        for name in others { try leave(name) }
        try FileManager.default.createDirectory(
            atPath: directory.path("b.zip.\(Self.dead - 1).partial"), withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: directory.path("b.zip.\(Self.dead - 2).partial"), withDestinationPath: directory.path(others[0]))
        let before = try names
        _ = try OutputFile(replacing: directory.path("b.zip"))
        #expect(try names == before)
    }

    // MARK: What has the name

    private func write(to name: String) throws {
        let file = try OutputFile(replacing: directory.path(name))
        try file.write([1])
        try file.finish()
    }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: directory.path(name), withDestinationPath: target)
    }

    private func kind(_ name: String) -> mode_t {
        var found = stat()
        return lstat(directory.path(name), &found) == 0 ? found.st_mode & S_IFMT : 0
    }

    @Test func aLinkStaysAndTheFileItLeadsToIsReplaced() throws {
        try leave("there")
        try link("direct", to: "there")
        try link("around", to: directory.path("direct"))
        try link("dangling", to: "./missing")
        for (name, target) in [("direct", "there"), ("around", "there"), ("dangling", "missing")] {
            try? FileManager.default.removeItem(atPath: directory.path("missing"))
            try write(to: name)
            #expect(kind(name) == S_IFLNK && kind(target) == S_IFREG)
            #expect(try Data(contentsOf: URL(fileURLWithPath: directory.path(target))) == Data([1]))
            try leave("there")
        }
    }

    @Test func whatIsNoFileStaysAndIsRefusedBeforeAnythingIsWritten() throws {
        try #require(mkfifo(directory.path("pipe"), 0o600) == 0)
        try link("link", to: "pipe")
        try link("circle", to: "circle")
        let before = try names
        for path in [directory.path("pipe"), directory.path("link"), "/dev/null", "-"] {
            let error = #expect(throws: LogError.self) { try OutputFile(replacing: path) }
            #expect(error?.code == .invalid && error?.message.contains("standard output") == true, "\(path)")
            #expect(throws: LogError.self) { try OutputFile.check(path) }
        }
        #expect(throws: LogError.self) { try OutputFile(replacing: directory.path("circle")) }
        #expect(try names == before && kind("pipe") == S_IFIFO)
    }

    @Test func whatAProcessOfAnotherContainerIsMakingIsLeftAlone() throws {
        let left = "b.zip.\(Self.dead).partial"
        try leave(left)
        let file = open(directory.path(left), O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        try #require(flock(file, LOCK_EX | LOCK_NB) == 0)
        _ = try OutputFile(replacing: directory.path("b.zip"))
        #expect(try names == [left])
    }
}
