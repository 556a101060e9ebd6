import Audit
import Cairn
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Foundation
import Projections
import Replay
import TestSupport
import Testing

/// What a release wrote, every later one replays: imported, projected, derived and executed again.
@Suite struct FixtureTests {
    @Test func thereAreFixtures() {
        let names = Fixture.all.map(\.name)
        for name in [
            "clean-run", "failures-retries-kill", "newer-event", "queue-flow", "redaction", "retry-budget",
            "upcast-event",
        ] {
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
        let erasures = try Erasures(of: imported.store.log)
        let report = try Verifier(log: imported.store.log, derivations: Catalogues.derivations) {
            erasures.isErased($0, namedAt: $1) ? .erased : .missing
        }.verify()
        #expect(report.isIdentical, "\(report.divergences)")
        let expected = try fixture.expected()
        let counts = try #require(expected["verified"]?.object)
        #expect(report.counts.map(\.type.text) == counts.keys)
        for (type, count) in report.counts {
            #expect(count.verified == counts.first { $0.key == type.text }?.value.int, "\(type.text)")
            #expect(count.erased == expected["withheld"]?[type.text]?.int ?? 0, "\(type.text)")
        }
    }

    /// Whoever adds a derived event records a store in which it occurs, so that every later release derives it again.
    @Test func everyDerivedTypeOccursInAFixture() throws {
        let recorded = try Fixture.all.flatMap { fixture in
            (try fixture.expected()["verified"]?.object ?? [:]).filter { ($0.value.int ?? 0) > 0 }.map(\.key)
        }
        for type in Catalogues.derivations.derivedTypes.sorted() {
            #expect(
                recorded.contains(type.text),
                "no fixture has a \(type): record a store in which it occurs with tools/make_fixture")
        }
    }

    @Test func whatWasErasedIsInNoLineAndIsToldAsErased() async throws {
        let fixture = Fixture(name: "redaction")
        let text = try fixture.lines().joined(separator: "\n")
        #expect(!text.contains("participant 7 grew up"))
        #expect(text.contains(#""type":"access.redacted""#) && text.contains(#"{"missing":true}"#))
        let imported = try await fixture.imported()
        let report = try Auditor(log: imported.store.log, catalogue: Catalogues.events).verify()
        #expect(report.isValid && report.erased > 0, "\(report.text)")
        let turns = try Queries(imported.store).transcripts(Queries.Selection())
        #expect(turns.contains { $0.withheld.answer?.note?.why == "withdrew consent" })
        let reasons = try AccessTrail.entries(of: imported.store.log).compactMap { $0.event.reason }
        #expect(reasons == ["for a reviewer", "withdrew consent", "licence"])
    }

    @Test func anOldVersionOfAnEventIsReadBesideTheNewOne() async throws {
        let imported = try await Fixture(name: "upcast-event").imported()
        var versions: [Int: Int] = [:]
        try imported.store.log.scan(matching: EventFilter(types: [EventType("llm.callStarted")])) { event in
            versions[event.version, default: 0] += 1
            let payload = try Catalogues.events.decode(event)
            #expect(payload != nil)
        }
        #expect(versions[1] == 12 && versions[2] == 12, "\(versions)")
    }

    /// The generator ends before it builds or writes anything.
    @Test func theGeneratorLeavesAFixtureThatIsThereAlone() throws {
        let fixture = Fixture(name: "clean-run")
        let before = try Data(contentsOf: URL(fileURLWithPath: fixture.eventsPath))
        let script = Fixture.directory.deletingLastPathComponent().appendingPathComponent("tools/make_fixture").path
        let result = try ChildProcess.run("/bin/bash", [script, "clean-run"])
        #expect(result.status == 1)
        #expect(result.errorText.contains("a fixture is never changed"), "\(result.errorText)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.eventsPath)) == before)
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
