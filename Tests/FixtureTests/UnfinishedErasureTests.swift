import EventLog
import Experiments
import Foundation
import Testing

@testable import Cairn

/// An erasure is told as done when the files have no byte of it any more, and not before.
@Suite struct UnfinishedErasureTests {
    @Test func asLongAsTheFilesCannotBeWrittenAnewEachTrySaysSo() async throws {
        let imported = try await Fixture(name: "clean-run").imported()
        let path = imported.store.path
        let run = try #require(try Queries(imported.store).runs().first?.text("run"))
        imported.store.close()
        // Stands where the new data file is made.
        let obstacle = path + "/blobs/compacting"
        try Data("x".utf8).write(to: URL(fileURLWithPath: obstacle))
        func redact() async throws -> Redaction.Outcome {
            try await Redaction(in: path).redact(
                RedactionTarget(.run, run), sharedToo: true, isFarReachingMeant: true, by: .user("ada"), reason: "x")
        }
        for attempt in 1...3 {
            let outcome = try await redact()
            #expect((outcome.erased.count > 0) == (attempt == 1))
            #expect(!outcome.isScrubbed && outcome.obstacle != nil, "attempt \(attempt)")
            #expect(PendingErasure(of: path).isPending)
            let store = try Store.open(at: path)
            #expect(try Queries(store).runs().count == 1, "reading goes on")
            store.close()
            let told = await Doctor(storePath: path, isStoreRequired: true, asksProviders: false).examine()
            #expect(told.contains { $0.subject == "erasure" })
        }
        try FileManager.default.removeItem(atPath: obstacle)
        let outcome = try await redact()
        #expect(outcome.isScrubbed && outcome.obstacle == nil && !PendingErasure(of: path).isPending)
    }
}
