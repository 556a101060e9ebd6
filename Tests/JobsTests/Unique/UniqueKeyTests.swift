import CanonicalJSON
import DeciderTestSupport
import Determinism
import Testing

@testable import Jobs

@Suite struct UniqueKeyTests {
    private func taken(
        by job: Int, behind: Int? = nil, _ hold: UniqueKeyTaken.Hold = .untilFinished
    ) -> UniqueKeyTaken {
        UniqueKeyTaken(
            behind: behind.map(Sample.job), hold: hold, holder: Sample.job(job), key: "k", run: Sample.run,
            scope: .store, scopeName: nil)
    }

    @Test func `is taken at the turn that was looked at, and not if somebody was faster`() {
        let first = taken(by: 1)
        let second = taken(by: 2)
        func take(_ taken: UniqueKeyTaken, turn: Int, after: [UniqueKeyTaken]) -> Result<
            [UniqueKeyEvent], UniqueKey.Refusal
        > { decision(UniqueKey.self, given: after.map { .taken($0) }, when: .take(taken, turn: turn)) }
        #expect(take(first, turn: 0, after: []) == .success([.taken(first)]))
        #expect(take(second, turn: 1, after: [first]) == .success([.taken(second)]))
        #expect(take(second, turn: 0, after: [first]) == .failure(.takenMeanwhile))
        #expect(take(first, turn: 0, after: [first]) == .success([]))
        #expect(take(first, turn: 0, after: [first, first]) == .failure(.takenMeanwhile))
        #expect(take(first, turn: 1, after: [first]) == .success([.taken(first)]))
    }

    @Test func `the state has the last who took it, and the one for whose end that one waits`() {
        func holders(_ events: [UniqueKeyTaken]) -> [JobID?] {
            let state = state(of: UniqueKey.self, given: events.map { .taken($0) })
            return [state.last?.holder, state.behind?.holder]
        }
        let next = taken(by: 2, behind: 1)
        #expect(holders([taken(by: 1)]) == [Sample.job(1), nil])
        #expect(holders([taken(by: 1), next]) == [Sample.job(2), Sample.job(1)])
        #expect(holders([taken(by: 1), next, taken(by: 3, behind: 1)]) == [Sample.job(3), Sample.job(1)])
        #expect(holders([taken(by: 1), next, taken(by: 3, behind: 2)]) == [Sample.job(3), Sample.job(2)])
        #expect(holders([taken(by: 1), next, taken(by: 3)]) == [Sample.job(3), nil])
    }

    /// In which stages a holder has its key.
    @Test(
        arguments: [
            (.whileWaiting, "ready undecided retrying deferred"), (.untilStarted, "ready"),
            (.untilFinished, "ready undecided retrying deferred leased"),
            (
                .until(Sample.at(50)),
                "ready undecided retrying deferred leased completed failed cancelled overdue skipped"
            ), (.until(Sample.at(49)), ""),
        ] as [(UniqueKeyTaken.Hold, String)])
    func `holds by the holder's stage alone, or by the time alone`(hold: UniqueKeyTaken.Hold, stages: String) throws {
        let known = JobGrid.stages.filter { !["absent", "forestalled", "answered"].contains($0) }
        let holding = try known.filter { stage in
            let state = state(of: Job.self, given: JobGrid.history(stage))
            guard case .known(let job) = state else { throw NoJob() }
            return taken(by: 1, hold).holds(job, at: Sample.at(49) + .microseconds(999_999))
        }
        #expect(holding == known.filter { stages.split(separator: " ").map(String.init).contains($0) })
    }

    private struct NoJob: Error {}

    @Test func `a job given back has been begun, until an operator asks for it anew`() throws {
        func hasBegun(_ events: [JobEvent]) -> Bool {
            guard case .known(let job) = state(of: Job.self, given: JobGrid.history("ready") + events) else {
                return false
            }
            return job.hasBegun
        }
        let released = JobEvent.released(JobReleased(attempt: 1, worker: Sample.a))
        let unlocked = JobEvent.unlocked(JobUnlocked(attempt: 1, by: "me", note: nil, worker: Sample.a))
        #expect(!hasBegun([]))
        #expect(hasBegun([Sample.leased()]))
        #expect(hasBegun([Sample.leased(), released]))
        #expect(hasBegun([Sample.leased(), unlocked]))
        #expect(!hasBegun([Sample.leased(), Sample.failed(final: true), .retryRequested(JobRetryRequested(by: "me"))]))
    }

    @Test func `a job with a key is done again only under it, and only if nobody closed it since`() {
        let terms = QueueTerms(unique: QueueTerms.Unique("k"))
        let failed = JobGrid.history("failed", terms: terms)
        func retry(_ losses: Int?, after history: [JobEvent]) -> Result<[JobEvent], Job.Refusal> {
            decision(Job.self, given: history, when: .requestRetry(by: "me", keyTurns: losses))
        }
        let requested: Result<[JobEvent], Job.Refusal> = .success([.retryRequested(JobRetryRequested(by: "me"))])
        #expect(retry(nil, after: failed) == .failure(.needsKey))
        #expect(retry(0, after: failed) == requested)
        #expect(retry(0, after: failed + [JobGrid.keyLost(.taken)]) == .failure(.keyLost))
        #expect(retry(1, after: failed + [JobGrid.keyLost(.taken)]) == requested)
        #expect(retry(nil, after: JobGrid.history("failed")) == requested)
    }

    @Test func `what a job lost before it was there it has lost afterwards`() {
        let submitted = JobEvent.submitted(Sample.submitted(terms: QueueTerms(unique: QueueTerms.Unique("k"))))
        let lost = JobGrid.keyLost(.taken)
        let state = state(of: Job.self, given: [lost, lost, submitted])
        #expect(state.keyTurns == 2)
        let closed = decision(Job.self, given: [lost, lost], when: .submit(Sample.submitted(), keyTurns: 1))
        #expect(closed == .failure(.keyLost))
    }
}

@Suite struct UniqueKeyVerdictTests {
    private static let now = Sample.at(60)

    /// The stages of two jobs: who took the key last, and for whose end that one waits.
    struct Case: CustomStringConvertible {
        let last: String
        var behind: String?
        var hold = UniqueKeyTaken.Hold.untilFinished
        /// By conflict rule: reject, existing, replaceWaiting, keepLatest.
        let verdicts: [UniqueKeyVerdict]
        var description: String { "\(last) behind \(behind ?? "nobody"), \(hold)" }
    }

    private static let (one, two) = (Sample.job(1), Sample.job(2))
    private static func all(_ verdict: UniqueKeyVerdict) -> [UniqueKeyVerdict] { Array(repeating: verdict, count: 4) }
    private static let free = UniqueKeyVerdict.free(behind: nil)

    static let cases = [
        Case(last: "absent", verdicts: all(.close(one))),
        Case(last: "forestalled", verdicts: all(.close(one))),
        Case(last: "answered", verdicts: all(free)),
        Case(last: "completed", verdicts: all(free)),
        Case(last: "overdue", verdicts: all(free)),
        Case(last: "failed", verdicts: all(.close(one))),
        Case(last: "cancelled", verdicts: all(.close(one))),
        Case(last: "skipped", verdicts: all(.close(one))),
        Case(last: "ready", verdicts: [.held(by: one), .held(by: one), .replace(one), .replace(one)]),
        Case(last: "leased", verdicts: [.held(by: one), .held(by: one), .held(by: one), .free(behind: one)]),
        Case(last: "retrying", verdicts: [.held(by: one), .held(by: one), .held(by: one), .free(behind: one)]),
        Case(last: "leased", hold: .untilStarted, verdicts: all(free)),
        Case(last: "leased", hold: .whileWaiting, verdicts: all(free)),
        Case(last: "leased", hold: .until(now), verdicts: all(free)),
        Case(last: "failed", hold: .until(now), verdicts: all(.close(one))),
        Case(last: "completed", hold: .until(Sample.at(61)), verdicts: all(.held(by: one))),
        Case(
            last: "ready", behind: "leased",
            verdicts: [.held(by: one), .held(by: one), .replace(one), .replace(one)]),
        Case(
            last: "completed", behind: "leased",
            verdicts: [.held(by: two), .held(by: two), .held(by: two), .free(behind: two)]),
        Case(last: "answered", behind: "failed", verdicts: all(.close(two))),
    ]

    private func verdict(
        _ given: Case, _ conflict: QueueTerms.Unique.Conflict, closed: Set<JobID> = [], hasReplaced: Bool = false,
        of job: JobID = Sample.job(3)
    ) -> UniqueKeyVerdict {
        func taken(_ holder: JobID, behind: JobID?) -> UniqueKeyTaken {
            UniqueKeyTaken(
                behind: behind, hold: given.hold, holder: holder, key: "k", run: Sample.run, scope: .store,
                scopeName: nil)
        }
        var events = [taken(Self.one, behind: given.behind == nil ? nil : Self.two)]
        if given.behind != nil { events.insert(taken(Self.two, behind: nil), at: 0) }
        var taker = UniqueKeyTaker(job, onConflict: conflict)
        taker.closed = closed
        taker.hasReplaced = hasReplaced
        return taker.verdict(on: state(of: UniqueKey.self, given: events.map { .taken($0) }), at: Self.now) { id in
            state(of: Job.self, given: JobGrid.history(id == Self.one ? given.last : given.behind ?? "absent"))
        }
    }

    @Test(arguments: cases)
    func `what is done follows from who has the key and in which stage`(given: Case) {
        let rules = [.reject, .existing, .replaceWaiting, .keepLatest] as [QueueTerms.Unique.Conflict]
        #expect(rules.map { verdict(given, $0) } == given.verdicts)
    }

    @Test(arguments: ["absent", "forestalled", "failed", "cancelled", "skipped"])
    func `who was closed keeps nobody out`(stage: String) {
        #expect(verdict(Case(last: stage, verdicts: []), .reject, closed: [Self.one]) == Self.free)
    }

    @Test func `who replaced a job that waited for another waits for that one too`() {
        let given = Case(last: "cancelled", behind: "leased", verdicts: [])
        for rule in [.replaceWaiting, .keepLatest] as [QueueTerms.Unique.Conflict] {
            #expect(verdict(given, rule, closed: [Self.one], hasReplaced: true) == .free(behind: Self.two))
        }
        #expect(verdict(given, .replaceWaiting, closed: [Self.one]) == .held(by: Self.two))
    }

    @Test func `a key that is the job's own is free for it`() {
        #expect(verdict(Case(last: "failed", verdicts: []), .reject, of: Self.one) == Self.free)
    }

    @Test func `keys are apart by scope, by what the scope is, and by themselves`() {
        func id(_ key: String, _ scope: QueueTerms.Unique.Scope, lane: String = "q", kind: String = "probe")
            -> UniqueKeyID
        {
            let job = JobSubmitted(kind: kind, labels: [:], lane: lane, maxAttempts: 1, ordinal: 0, run: Sample.run)
            return UniqueKeyID(QueueTerms.Unique(key, scope: scope), of: job)
        }
        let ids = [
            id("a", .queue), id("b", .queue), id("a", .queue, lane: "r"), id("a", .kind), id("a", .kind, kind: "judge"),
            id("a", .store), id("a", .queue, lane: "probe"),
        ]
        #expect(Set(ids).count == ids.count)
        #expect(id("a", .kind) == id("a", .kind, lane: "r"))
        #expect(id("a", .store) == id("a", .store, lane: "r", kind: "judge"))
    }
}
