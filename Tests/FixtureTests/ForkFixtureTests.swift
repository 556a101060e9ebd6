import Cairn
import CanonicalJSON
import Deciders
import EventLog
import Jobs
import Replay
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

    /// The parent's trail is a part of its past; who made the fork is in the parent's alone.
    @Test func theAccessTrailEndsBeforeTheFork() async throws {
        let imported = try await fixture.imported()
        let entries = try AccessTrail.entries(of: imported.store.log)
        #expect(entries.map { $0.event.reason } == ["for a reviewer"])
    }
}
