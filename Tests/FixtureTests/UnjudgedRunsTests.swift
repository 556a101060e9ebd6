import Experiments
import Testing

@testable import Cairn

/// Runs that will never have a ranking are told from those that may yet have one.
@Suite struct UnjudgedRunsTests {
    @Test(arguments: [("clean-run", false), ("budget-stream-reuse", true)])
    func finishedRunsWithoutJudgesAreKnown(fixture: String, isUnjudged: Bool) async throws {
        let imported = try await Fixture(name: fixture).imported()
        let queries = try Queries(imported.store)
        let finished = try queries.runs().filter { $0.row.finished != nil }.map { $0.text("run") }
        try #require(!finished.isEmpty)
        #expect(try queries.unjudgedRuns(Queries.Selection()) == (isUnjudged ? finished : []))
    }
}
