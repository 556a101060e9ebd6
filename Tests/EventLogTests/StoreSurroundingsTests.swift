import Foundation
import TestSupport
import Testing

@testable import EventLog

@Suite struct StoreSurroundingsTests {
    @Test func `whatever leads into a store is found to be in it, and nothing else is`() throws {
        let directory = try TemporaryDirectory("around")
        let store = directory.path("a/store")
        try LMDBLog.open(at: store, .init(access: .create)).close()
        let files = FileManager.default
        try files.createSymbolicLink(atPath: directory.path("link"), withDestinationPath: store + "/views")
        try files.createSymbolicLink(atPath: directory.path("gone"), withDestinationPath: store + "/nothing")
        let real = try #require(StoreSurroundings.resolved(store))
        for path in [
            store, store + "/", store + "/new", store + "/log/data.mdb", store + "/a/b//c/",
            directory.path("a/./store/x"),
            directory.path("a/../a/store/x"), store + "/log/../x",
        ] {
            #expect(StoreSurroundings.store(around: path) == real, "\(path)")
        }
        try files.createDirectory(atPath: store + "/views", withIntermediateDirectories: true)
        #expect(StoreSurroundings.store(around: directory.path("link/x")) == real)
        for path in [
            directory.path, directory.path("a"), store + "s/x", store + ".new", directory.path("a/b/c"), "/", "", "x",
        ] {
            #expect(StoreSurroundings.store(around: path) == nil, "\(path)")
        }
        let error = #expect(throws: LogError.self) { try StoreSurroundings.refuse(store + "/x", during: "writing") }
        #expect(error?.code == .invalid)
    }

    @Test func `a file of another program by the name of a store's is no store`() throws {
        let directory = try TemporaryDirectory("around")
        try Data("{}".utf8).write(to: URL(fileURLWithPath: directory.path("store.json")))
        #expect(StoreSurroundings.store(around: directory.path("x")) == nil)
    }
}
