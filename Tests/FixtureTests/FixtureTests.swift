import Audit
import Cairn
import CanonicalJSON
import Determinism
import EventLog
import Foundation
import Projections
import Replay
import Testing

/// What a release wrote, every later one replays: imported, projected, derived and executed again.
@Suite struct FixtureTests {
    @Test func thereAreFixtures() {
        let names = Fixture.all.map(\.name)
        for name in ["clean-run", "failures-retries-kill", "newer-event"] {
            #expect(names.contains(name), "\(Fixture.directory.path) lacks \(name)")
        }
    }

    @Test(arguments: Fixture.all) func anImportedStoreHasTheRecordedHead(fixture: Fixture) async throws {
        let imported = try await fixture.imported()
        let expected = try fixture.expected()
        let head = try imported.store.log.head()
        #expect(head.root.hex == expected["head"]?.string)
        #expect(Int(head.size) == expected["events"]?.int)
        let report = try Auditor(log: imported.store.log, catalogue: Catalogues.events).verify()
        #expect(report.isValid, "\(report.text)")
    }

    @Test(arguments: Fixture.all) func itsReadModelsHaveTheRecordedDigests(fixture: Fixture) async throws {
        let imported = try await fixture.imported()
        let digests = try #require(try fixture.expected()["digests"]?.object)
        let views = imported.store.views
        for progress in try views.catchUpAll() {
            #expect(progress.error == nil, "\(progress.projector): \(String(describing: progress.error))")
        }
        #expect(digests.keys.allSatisfy(views.catalogue.names.contains))
        for (name, digest) in digests {
            #expect(try views.digest(named: name).hex == digest.string, "\(name)")
        }
        let rebuild = try Rebuild(log: imported.store.log, runner: views).run()
        #expect(rebuild.isIdentical, "\(rebuild.differing.map(\.name))")
    }

    @Test(arguments: Fixture.all) func everyDerivedEventIsDerivedAgain(fixture: Fixture) async throws {
        let imported = try await fixture.imported()
        let report = try Verifier(log: imported.store.log, derivations: Catalogues.derivations).verify()
        #expect(report.isIdentical, "\(report.divergences)")
        let counts = try #require(try fixture.expected()["verified"]?.object)
        #expect(report.counts.map(\.type.text) == counts.keys)
        for (type, count) in report.counts {
            #expect(count.verified == counts.first { $0.key == type.text }?.value.int, "\(type.text)")
        }
    }

    @Test(arguments: Fixture.all) func executedAgainItReachesTheSameHead(fixture: Fixture) async throws {
        let imported = try await fixture.imported()
        let execution = try #require(try fixture.expected()["execution"])
        let report = try await ExecutionService(store: imported.store).run()
        let difference = [report.failure, report.firstDifference.map { "\($0)" }].compactMap(\.self)
        #expect(report.isIdentical == execution["identical"]?.bool, "\(difference)")
        #expect(report.sessions == execution["sessions"]?.int)
        #expect(report.copied == execution["copied"]?.int)
    }

    @Test(arguments: Fixture.all) func exportedAgainItHasTheSameBytes(fixture: Fixture) async throws {
        let imported = try await fixture.imported()
        let recorded = [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture.eventsPath)))
        #expect(try imported.export() == recorded)
    }

    @Test func aReadModelThatTakesATypeStopsAloneAtANewerVersion() async throws {
        let imported = try await Fixture(name: "newer-event").imported()
        let newer = NewEvent(type: EventType("job.submitted"), version: 9, time: .epoch, data: Array("{}".utf8))
        let appended = try await imported.store.log.append(
            Commit(stream: try StreamName("job-future"), expected: .noStream, events: [newer]))
        let progress = try imported.store.views.catchUpAll()
        let error = try #require(progress.first { $0.projector == "jobs" }?.error)
        #expect("\(error)".contains("event \(appended.first) (job.submitted)"), "\(error)")
        for other in progress where ["rankings", "scores", "transcripts", "usage"].contains(other.projector) {
            #expect(other.error == nil)
            #expect(other.position == appended.positions.upperBound)
        }
        let report = try Auditor(log: imported.store.log, catalogue: Catalogues.events).verify()
        #expect(report.isValid)
    }
}
