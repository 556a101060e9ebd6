import Calls
import Deciders
import Determinism
import EventLog
import Experiments
import Replay
import Scoring
import Testing

@testable import Cairn

/// What a redaction says beforehand of what is lost is what other commands say afterwards.
@Suite struct RedactionLossTests {
    enum Part: CaseIterable { case definition, rubric, request, answer, terms }

    private static func blob(_ part: Part, in log: LMDBLog) throws -> Digest? {
        var found: Digest?
        try log.scan { event in
            guard found == nil else { return }
            switch part {
            case .definition where event.hasType(RunSubmitted.type):
                found = try event.decode(RunSubmitted.self).definition
            case .rubric where event.hasType(ScoreComputed.type): found = try event.metadata().cause?.blobs.first
            case .request where event.hasType(CallStarted.type): found = try event.decode(CallStarted.self).request
            case .answer where event.hasType(CallCompleted.type):
                found = try event.decode(CallCompleted.self).exchange.body
            case .terms where event.hasType(CallCompleted.type): found = try event.metadata().cause?.blobs.first
            default: break
            }
        }
        return found
    }

    /// The second has a stop at its budget, which lists the calls that it was made of; nothing in it is judged.
    private static let cases =
        Part.allCases.map { ("clean-run", $0) }
        + Part.allCases.filter { $0 != .rubric }.map { ("budget-stream-reuse", $0) }

    @Test(arguments: cases)
    func whatIsLostIsSaidBeforeAndSoAfterwards(fixture: String, part: Part) async throws {
        let imported = try await Fixture(name: fixture).imported()
        let digest = try #require(try Self.blob(part, in: imported.store.log))
        let path = imported.store.path
        imported.store.close()
        let redaction = Redaction(in: path)
        let plan = try redaction.preview(RedactionTarget(.blob, digest.hex))
        var announced: RedactionPlan?
        let outcome = try await redaction.redact(
            RedactionTarget(.blob, digest.hex), by: .user("ada"), reason: "licence"
        ) { announced = $0 }
        #expect(announced == plan && outcome.plan == plan && plan.blobs == [digest])

        let store = try Store.open(at: path)
        let blobs = BlobStates(of: store.log)
        let verified = try Verifier(log: store.log, derivations: Catalogues.derivations) {
            (try? blobs.absence(of: $0, namedAt: $1)) ?? .missing
        }.verify()
        #expect(verified.isIdentical, "\(verified.divergences)")
        let underivable = verified.counts.filter { $0.count.erased > 0 }
        #expect(plan.loss.derived.map(\.type) == underivable.map(\.type))
        #expect(plan.loss.derived.map(\.events) == underivable.map(\.count.erased))
        let executed = try await ExecutionService(store: store).run()
        #expect(!plan.loss.runs.isEmpty && executed.passedOver.map(\.run).sorted() == plan.loss.runs)

        store.close()
        let again = try Redaction(in: path).preview(RedactionTarget(.blob, digest.hex))
        #expect(again.blobs.isEmpty && again.uses.isEmpty && again.loss.runs.isEmpty && again.loss.derived.isEmpty)
    }

    @Test func whoNamesABlobAndWhatForIsSaid() async throws {
        let imported = try await Fixture(name: "clean-run").imported()
        let log = imported.store.log
        let run = try #require(try Queries(imported.store).runIDs(Queries.Selection()).first)
        let jobs = try log.read(
            .forward, from: nil, matching: EventFilter(types: [EventType("job.submitted")]), limit: 99)
        func uses(_ part: Part) throws -> [RedactionUse] {
            let digest = try #require(try Self.blob(part, in: log))
            return try RedactionPlan.make(
                of: RedactionTarget(.blob, digest.hex), sharedToo: false, in: log, events: Catalogues.events,
                derivations: Catalogues.derivations
            ).uses
        }
        let definition = try #require(try uses(.definition).first)
        #expect(definition.role == .definition && definition.others == ["run \(run)"] && definition.events == 1)
        #expect(definition.jobs == jobs.events.count && jobs.events.count > 0)
        #expect(
            definition.warning.contains("definition of run \(run), with \(jobs.events.count) jobs (1 event): its run"))
        let rubric = try #require(try uses(.rubric).first)
        #expect(rubric.role == .rubric && rubric.others.count == min(3, rubric.events) && rubric.jobs == nil)
        #expect(try uses(.answer).map(\.role).contains(.text))
        #expect(try uses(.terms).map(\.role) == [.input])
    }
}
