import Audit
import Cairn
import Calls
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Replay
import Scoring
import TestSupport
import Testing

/// Forks of one run of a store that has several: what nothing was changed of stays what it is, at other positions.
@Suite struct ForkOfOneRunTests {
    private final class Made: Sendable {
        let directory: TemporaryDirectory
        let parent: ImportedStore
        let store: Store
        let report: ForkService.Report

        init(_ change: Substitution, of runs: [RunID], in parent: ImportedStore) async throws {
            directory = try TemporaryDirectory("fork-of-one")
            self.parent = parent
            report = try await ForkService(parent: parent.store).make(
                at: directory.path("fork"), with: [change], of: runs)
            store = try Store.open(at: directory.path("fork"))
        }

        deinit { store.close() }

        /// The fork is a store like any other.
        func check(_ comment: Comment) async throws {
            let audit = try Auditor(log: store.log, catalogue: Catalogues.events).verify()
            #expect(audit.isValid, "\(comment): \(audit.text)")
            let verified = try Verifier(log: store.log, derivations: Catalogues.derivations).verify()
            #expect(verified.isIdentical, "\(comment): \(verified.divergences)")
            let executed = try await ExecutionService(store: store).run()
            #expect(executed.isIdentical && executed.head == report.head, "\(comment): \(executed)")
        }
    }

    private static func runs(of store: Store) throws -> [RunID] { try ForkService(parent: store).runs(nil) }

    /// A fixture with several runs, and what is changed of each.
    static let changes: [(String, Substitution)] = [
        ("upcast-event", .ranking(.median)),
        ("upcast-event", .weight(criterion: "imagery", judge: nil, value: 5)),
        ("upcast-event", .without(.model, "hasty")),
        ("budget-stream-reuse", .budget(Budget(maxCalls: 5))),
        ("budget-stream-reuse", .without(.model, "chat")),
        ("budget-stream-reuse", .without(.scenario, "spring")),
    ]

    @Test(arguments: changes) func aForkOfAnyOneRunHoldsAndExecutesToItsHead(
        name: String, change: Substitution
    ) async throws {
        let parent = try await Fixture(name: name).imported()
        let runs = try Self.runs(of: parent.store)
        try #require(runs.count > 1)
        for run in runs {
            let made = try await Made(change, of: [run], in: parent)
            try await made.check("\(change.title) of \(run)")
        }
    }

    @Test func aBundleOfARunThatNothingWasChangedOfIsWhole() async throws {
        let parent = try await Fixture(name: "upcast-event").imported()
        let runs = try Self.runs(of: parent.store)
        let made = try await Made(.without(.model, "hasty"), of: [runs[2]], in: parent)
        let log = made.store.log
        let key = try await StoreSigningKey.make(for: log) { _ in }
        for run in runs {
            let file = made.directory.path("\(run).zip")
            let written = try await BundleWriter(made.store, run: run).write(
                to: file, signing: { try BundleSigner(key, of: log) })
            let verdict = try await BundleCheck.run(file, trusting: [key.key], replaying: true)
            #expect(verdict.isWhole && verdict.verified > 0, "\(verdict.problems)")
            #expect(verdict.text.contains("\(verdict.verified) derived events derived again"), "\(verdict.text)")
            #expect(written.index.run == run)
        }
    }

    /// The reusing run asks itself, gets the answers that it had reused, and spends its own budget on them.
    @Test func whatReusedAnswersThatAreLeftOutAsksForThemItself() async throws {
        let parent = try await Fixture(name: "budget-stream-reuse").imported()
        let runs = try Self.runs(of: parent.store)
        let (first, second) = (runs[0], runs[1])
        let made = try await Made(.budget(Budget(maxCalls: 5)), of: [first], in: parent)
        #expect(made.report.others == [second])
        #expect(try JSONParser.parse(made.report.canonicalBytes())["others"] == [.string(second.rawValue)])
        var (asked, reused, stops) = (0, 0, 0)
        try made.store.log.scan { event in
            guard try event.metadata().run == second.rawValue else { return }
            if event.hasType(CallCompleted.type) { asked += 1 }
            if event.hasType(CallReused.type) { reused += 1 }
            if event.hasType(RunStopped.type) { stops += 1 }
        }
        #expect(asked > 0 && reused > 0 && stops == 1, "\(asked) asked, \(reused) reused, \(stops) stops")
        let selection = Queries.Selection(run: second.rawValue)
        func answers(_ store: Store) throws -> [Digest: Digest] {
            var answers: [Digest: Digest] = [:]
            try store.log.scan { event in
                guard try event.metadata().run == second.rawValue else { return }
                if event.hasType(CallReused.type) {
                    let reused = try event.decode(CallReused.self)
                    answers[reused.request] = reused.answer
                } else if event.hasType(CallCompleted.type) {
                    let start = try #require(try event.metadata().cause?.positions.first)
                    let started = try #require(try store.log.event(at: start)).decode(CallStarted.self)
                    answers[started.request] = try event.decode(CallCompleted.self).answer
                }
            }
            return answers
        }
        let (before, after) = (try answers(parent.store), try answers(made.store))
        #expect(!after.isEmpty && after.allSatisfy { before[$0.key] == $0.value })
        #expect(try Queries(made.store).cells(selection).count == Queries(parent.store).cells(selection).count)

        // Nothing that it reused is left out, so it stays as it was.
        let untouched = try await Made(.budget(Budget(maxCalls: 5)), of: [second], in: parent)
        #expect(untouched.report.others.isEmpty)
    }
}

/// Forks under another policy of retries.
@Suite struct ForkOfWaitsTests {
    /// Recorded attempts don't fit other waits, nor leases other caps: such runs are copied, which is said.
    @Test(arguments: [
        Substitution.RetryChange(base: .seconds(2)), Substitution.RetryChange(cap: .seconds(60)),
        Substitution.RetryChange(attempts: 9, base: .seconds(2), cap: .seconds(60)),
    ]) func aForkWithOtherWaitsIsExecutedToItsHead(change: Substitution.RetryChange) async throws {
        let parent = try await Fixture(name: "failures-retries-kill").imported()
        let directory = try TemporaryDirectory("waits")
        let service = ForkService(parent: parent.store)
        let runs = try service.runs(nil)
        let report = try await service.make(at: directory.path("fork"), with: [.retry(change)], of: runs)
        let fork = try Store.open(at: directory.path("fork"))
        defer { fork.close() }
        let executed = try await ExecutionService(store: fork).run()
        #expect(executed.isIdentical && executed.head == report.head, "\(executed)")
        #expect(executed.takenOver == runs.map(\.rawValue), "\(executed)")
    }

    /// A run that keeps its waits is executed all the same.
    @Test func runsWithTheirOwnWaitsAreExecuted() async throws {
        let parent = try await Fixture(name: "upcast-event").imported()
        let directory = try TemporaryDirectory("waits")
        let service = ForkService(parent: parent.store)
        let runs = try service.runs(nil)
        let change = Substitution.RetryChange(base: .seconds(2), cap: .seconds(60))
        let report = try await service.make(at: directory.path("fork"), with: [.retry(change)], of: [runs[1]])
        let fork = try Store.open(at: directory.path("fork"))
        defer { fork.close() }
        let executed = try await ExecutionService(store: fork).run()
        #expect(executed.isIdentical && executed.head == report.head, "\(executed)")
        #expect(executed.sessions == 2 && executed.takenOver == [runs[1].rawValue], "\(executed)")
    }
}

/// What is printed of a change can be typed again.
@Suite struct SubstitutionTitleTests {
    @Test(arguments: [
        (Substitution.budget(Budget(maxCost: 20_000_000)), "--budget cost=0.02"),
        (.budget(Budget(maxCalls: 5, maxCost: 12_500_000_000, maxTokens: 7)), "--budget calls=5,cost=12.5,tokens=7"),
        (.budget(Budget(maxCost: 1)), "--budget cost=0.000000001"), (.budget(Budget(maxCost: 0)), "--budget cost=0"),
        (.budget(Budget(maxCost: 30_000_000_000)), "--budget cost=30"),
        (
            .retry(Substitution.RetryChange(attempts: 3, base: .seconds(2), cap: Microseconds(250_000))),
            "--retry attempts=3,base=2s,cap=250ms"
        ),
        (.retry(Substitution.RetryChange(base: Microseconds(1_500))), "--retry base=0.0015"),
        (.without(.model, "hasty"), "--without model=hasty"),
    ]) func aTitleIsWhatCanBeTyped(change: Substitution, title: String) {
        #expect(change.title == title)
    }
}
