import Audit
import Cairn
import Calls
import CanonicalJSON
import Deciders
import EventLog
import Jobs
import Replay
import Scoring
import TestSupport
import Testing

/// The recorded fork: what it says of its parent, and that it is a store like any other.
@Suite struct ForkFixtureTests {
    private let fixture = Fixture(name: "fork")

    @Test func aForkSaysWhatItIsOfAndWhatWasChanged() async throws {
        let imported = try await fixture.imported()
        let log = imported.store.log
        let first = try #require(try log.event(at: .first))
        let created = try first.decode(ForkCreated.self)
        #expect(created.position == Position(94) && created.runs.count == 1)
        #expect(created.changes.map(\.kind) == ["weights", "weights", "retry", "ranking", "without"])
        let own = try log.readStream(first.stream)
        let taken = try #require(own.dropFirst().first).decode(ForkTaken.self)
        #expect(taken.open == 0 && taken.changed == 16)
        // Each event of the parent is taken or left out; the fork has two of its own.
        #expect(UInt64(taken.taken + taken.leftOut) == created.position.rawValue)
        #expect(try log.head().size == UInt64(taken.taken + own.count))
    }

    @Test func whatIsLeftOutIsInNoReadModel() async throws {
        let imported = try await fixture.imported()
        let run = try #require(try Queries(imported.store).runIDs(Queries.Selection()).first)
        let selection = Queries.Selection(run: run.rawValue)
        let entries = try #require(
            try JSONParser.parse(try Queries(imported.store).rankings(selection)[0].canonicalBytes())["ranking"]?[
                "entries"]?.array)
        #expect(entries.compactMap { $0["model"]?.string } == ["careful", "hasty"])
        let cells = try Queries(imported.store).cells(selection).map { try JSONParser.parse($0.canonicalBytes()) }
        #expect(cells.count == 4 && cells.allSatisfy { $0["model"] != "terse" })
    }

    /// What it took over is copied, since no process did it from beginning to end; what it did itself is executed.
    @Test(arguments: [
        Substitution.retry(Substitution.RetryChange(attempts: 1)), .budget(Budget(maxCalls: 5)),
    ]) func aForkThatThePipelineWentOnWithIsExecutedToTheSameHead(change: Substitution) async throws {
        let parent = try await Fixture(name: "failures-retries-kill").imported()
        let directory = try TemporaryDirectory("open-fork")
        let service = ForkService(parent: parent.store)
        let runs = try service.runs(nil)
        let report = try await service.make(at: directory.path("fork"), with: [change], of: runs)
        let fork = try Store.open(at: directory.path("fork"))
        defer { fork.close() }
        var (taken, workers) = (Position.first, 0)
        try fork.log.scan { event in
            if event.hasType(ForkTaken.type) { taken = event.position }
            if event.hasType(WorkerStarted.type), taken > .first { workers += 1 }
        }
        try #require(workers > 0, "the pipeline went on with it")
        let executed = try await ExecutionService(store: fork).run(into: directory.path("again"))
        #expect(executed.isIdentical && executed.head == report.head, "\(executed)")
        #expect(executed.sessions == workers && executed.takenOver == runs.map(\.rawValue), "\(executed)")
        #expect(executed.copied > report.taken.taken && executed.copied < Int(report.head.size))
        // What was copied brought its blobs along.
        let again = try Store.open(at: directory.path("again"))
        defer { again.close() }
        let audit = try Auditor(log: again.log, catalogue: Catalogues.events).verify()
        #expect(audit.isValid, "\(audit.text)")

        // A fork of the fork, in which nothing is left open, has both pasts.
        let second = try await ForkService(parent: fork).make(
            at: directory.path("second"), with: [.ranking(.median)], of: runs)
        let grandchild = try Store.open(at: directory.path("second"))
        defer { grandchild.close() }
        let both = try await ExecutionService(store: grandchild).run()
        #expect(both.isIdentical && both.head == second.head, "\(both)")
        #expect(both.sessions == workers && both.takenOver == executed.takenOver, "\(both)")
    }

    /// The parent's trail is a part of its past; who made the fork is in the parent's alone.
    @Test func theAccessTrailEndsBeforeTheFork() async throws {
        let imported = try await fixture.imported()
        let entries = try AccessTrail.entries(of: imported.store.log)
        #expect(entries.map { $0.event.reason } == ["for a reviewer"])
    }
}
