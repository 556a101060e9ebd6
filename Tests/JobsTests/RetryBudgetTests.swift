import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Testing

@testable import Jobs

/// What a provider's budget allows, and how that is derived again.
@Suite struct RetryBudgetTests {
    private static let provider = ProviderID(wellFormed: "openai")

    private func asked(_ jobs: Range<Int>, attempt: Int = 2) -> [RetryBudget.Asked] {
        jobs.map { RetryBudget.Asked(attempt: attempt, job: Sample.job($0)) }
    }

    private func spend(
        _ asked: [RetryBudget.Asked], calls: Int = 0, at seconds: Int64, after history: [RetryBudgetEvent] = []
    ) throws -> RetryBudgetSpent {
        let command = RetryBudget.Command.spend(asked, calls: calls, at: Sample.at(seconds))
        let events = try decision(RetryBudget.self, given: history, when: command).get()
        guard case .spent(let spent)? = events.first, events.count == 1 else { throw Unexpected() }
        return spent
    }

    private struct Unexpected: Error {}

    private func waits(_ spent: RetryBudgetSpent) -> [Int64] { spent.retries.map { $0.wait.count / 1_000_000 } }

    @Test func `ten are allowed at once, and the others one each six seconds`() throws {
        let spent = try spend(asked(0..<14), at: 0)
        #expect(waits(spent) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 12, 18, 24])
        #expect(spent.debt == .seconds(84))
        #expect(spent.retries.map(\.job) == (0..<14).map(Sample.job))
    }

    @Test func `what was spent runs down with time, and what a minute leaves isn't kept`() throws {
        let first = RetryBudgetEvent.spent(try spend(asked(0..<12), at: 0))
        #expect(waits(try spend(asked(12..<13), at: 12, after: [first])) == [6])
        #expect(waits(try spend(asked(12..<14), at: 24, after: [first])) == [0, 0])
        #expect(waits(try spend(asked(12..<23), at: 3_600, after: [first])) == Array(repeating: 0, count: 10) + [6])
    }

    @Test func `ten calls earn one more, a hundred at most are saved, and they are used only where the minute is full`()
        throws
    {
        let spent = try spend(asked(0..<13), calls: 25, at: 0)
        #expect(waits(spent) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6])
        #expect(spent.saved == 5)
        #expect(try spend(asked(0..<1), calls: 25, at: 0).saved == 25)
        let many = try spend(asked(0..<111), calls: 1_000_000, at: 0)
        #expect(waits(many).last == 6 && waits(many).dropLast().allSatisfy { $0 == 0 })
        let calls = RetryBudgetEvent.spent(try spend(asked(0..<1), calls: .max, at: 0))
        #expect(try spend(asked(1..<2), calls: .max, at: 0, after: [calls]).saved == RetryAllowance.mostSaved)
    }

    @Test func `a clock that jumps neither frees it nor locks it`() throws {
        let ahead = RetryBudgetEvent.spent(try spend(asked(0..<10), at: 1_000_000))
        let back = try spend(asked(10..<11), at: 0, after: [ahead])
        #expect(waits(back) == [6])
        #expect(waits(try spend(asked(11..<12), at: 60, after: [ahead, .spent(back)])) == [0])
    }

    @Test func `who asks again gets the answer that was given`() throws {
        let first = try spend(asked(0..<12), at: 0)
        let again = RetryBudget.Command.spend(asked(0..<12), calls: 7, at: Sample.at(60))
        #expect(decision(RetryBudget.self, given: [.spent(first)], when: again) == .success([]))
        let state = state(of: RetryBudget.self, given: [.spent(first)])
        #expect(state.retry(asked(11..<12)[0])?.wait == .seconds(12))
        #expect(state.retry(asked(11..<12, attempt: 3)[0]) == nil)
        let partly = try spend(asked(11..<13), at: 60, after: [.spent(first)])
        #expect(partly.retries.map(\.job) == [Sample.job(12)])
    }

    @Test func `one that comes late spends anew, and is held back as the budget stands then`() throws {
        let first = try spend(asked(0..<12), at: 0)
        func again(_ asked: [RetryBudget.Asked], at seconds: Int64) -> Result<[RetryBudgetEvent], RetryBudget.Refusal> {
            decision(
                RetryBudget.self, given: [.spent(first)],
                when: .spendAgain(asked, calls: 0, at: Sample.at(seconds)))
        }
        guard case .spent(let soon)? = try again(asked(10..<12), at: 18).get().first,
            case .spent(let much)? = try again(asked(0..<12), at: 3_600).get().first
        else { throw Unexpected() }
        #expect(waits(soon) == [0, 6])
        #expect(waits(much) == Array(repeating: 0, count: 10) + [6, 12])
        #expect(again([], at: 18) == .success([]))
    }

    /// However failures and calls come, retries that have begun stay within ten a minute, ten at once and one for ten calls.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `no span of time has more than the budget`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var history: [RetryBudgetEvent] = []
        var begun: [Timestamp] = []
        var (now, job, calls) = (Int64(0), 0, 0)
        for _ in 0..<300 {
            now += Int64(random.uniform(below: 20))
            let count = 1 + Int(random.uniform(below: 5))
            let new = Int(random.uniform(below: 8))
            let spent = try spend(asked(job..<(job + count)), calls: new, at: now, after: history.suffix(1))
            (job, calls) = (job + count, calls + new)
            history.append(.spent(spent))
            begun += spent.retries.map { Sample.at(now) + $0.wait }
        }
        begun.sort()
        for (index, start) in begun.enumerated() {
            for end in begun[index...].indices {
                let span = (begun[end] - start).count / 1_000_000
                #expect(end - index + 1 <= 10 + Int(span / 6) + 1 + calls / 10, "seed \(seed)")
            }
        }
    }
}

/// Decisions recorded and derived again.
@Suite struct RetryBudgetDerivationTests {
    private static let provider = ProviderID(wellFormed: "openai")
    private let log = MemoryLog()

    private func fail(_ job: Int, provider: ProviderID? = provider, final: Bool = false) throws -> Position {
        let failed = JobFailed(
            attempt: 1, class: "rateLimit", final: final, message: "429", provider: provider, retryable: true,
            worker: Sample.a)
        return try #require(try log.record([failed], in: Sample.stream(Sample.job(job))).last).position
    }

    private func event(at position: Position) throws -> Event { try #require(try log.event(at: position)) }

    private func failure(_ job: Int) throws -> RetryBudgetPast.Failure {
        RetryBudgetPast.Failure(Sample.job(job), attempt: 2, at: try fail(job))
    }

    private func allow(_ failures: [RetryBudgetPast.Failure], calls: Int = 0, at seconds: Int64) throws {
        let past = try RetryBudgetPast(of: Self.provider, in: log)
        let commit = try past.commit(for: failures, calls: calls, at: Sample.at(seconds), by: Sample.a)
        try log.add(try #require(commit?.commit))
    }

    private func derive(_ function: FunctionReference, _ recorded: Event, from causes: [Event]) throws -> [UInt8] {
        let derivation = try #require(JobDerivations.catalogue[function])
        return try derivation.derive(
            DerivationInput(recorded: recorded, causes: causes) { digest throws(DerivationError) in
                throw .missingBlob(digest)
            })
    }

    @Test func `each follows from the one before it and from the failures`() throws {
        try allow(try (0..<12).map(failure), calls: 11, at: 0)
        try allow([try failure(12)], at: 3)
        try allow(try (13..<40).map(failure), calls: 3, at: 70)
        #expect(try Derived.divergences(in: log) == [])
    }

    @Test func `one with another wait, debt or saving shows`() throws {
        try allow(try (0..<12).map(failure), at: 0)
        let recorded = try #require(log.events.last)
        let spent = try recorded.decode(RetryBudgetSpent.self)
        let causes = try recorded.metadata().cause?.positions.map { log.events[Int($0.rawValue)] } ?? []
        let wrong = [
            RetryBudgetSpent(at: spent.at, calls: 0, debt: .zero, retries: spent.retries, saved: 0),
            RetryBudgetSpent(at: spent.at, calls: 0, debt: spent.debt, retries: spent.retries, saved: 10),
            RetryBudgetSpent(at: spent.at, calls: 0, debt: spent.debt, retries: spent.retries.dropLast(), saved: 0),
            RetryBudgetSpent(at: Sample.at(1), calls: 0, debt: spent.debt, retries: spent.retries, saved: 0),
        ]
        for wrong in wrong {
            let other = MemoryLog()
            let stream = try StreamName(category: RetryBudget.category, id: "openai")
            let event = try #require(try other.record([wrong], in: stream, at: Sample.at(0)).last)
            #expect(try derive(RetryBudget.function, event, from: causes) != wrong.canonicalBytes())
        }
    }

    @Test func `one that cites another's failure, a final one, or not the event before it is refused`() throws {
        try allow([try failure(0)], at: 0)
        try allow([try failure(1)], at: 1)
        try allow([try failure(2)], at: 2)
        let first = log.events[1]
        let last = try #require(log.events.last)
        let fine = log.events[4]
        let others = try event(at: fail(8, provider: ProviderID(wellFormed: "other")))
        let nobodys = try event(at: fail(9, provider: nil))
        let final = try event(at: fail(10, final: true))
        let before = log.events[3]
        let wrong: [[Event]] = [
            [], [fine], [before], [first, fine], [before, others], [before, nobodys], [before, final], [fine, before],
        ]
        for causes in wrong {
            #expect(throws: DerivationError.self) { try derive(RetryBudget.function, last, from: causes) }
        }
    }

    @Test func `a retry begins its drawn delay when the budget lets it`() throws {
        let policy = RetryPolicy(base: .seconds(4))
        let submission = Sample.submitted(terms: QueueTerms(retry: policy))
        let failures = try (0..<12).map(failure)
        try allow(failures, at: 0)
        let past = try RetryBudgetPast(of: Self.provider, in: log)
        let allowed = try #require(past.allowed(failures[11]))
        var progress = Job.Progress(submission: submission)
        progress.failures = 1
        progress.stage = .undecided
        func decide(floor: Microseconds? = nil) -> RetryDecision {
            RetryDecision(
                progress, Sample.job(11), failedAt: failures[11].position, floor: floor, allowed: allowed)
        }
        let drawn = policy.delay(after: 1, of: Sample.job(11).rawValue)
        #expect(decide().delay == .seconds(12) + drawn)
        #expect(decide(floor: .seconds(90)).delay == .seconds(90))
        for decision in [decide(), decide(floor: .seconds(90))] {
            let events = try Job.decide(decision.command(at: Sample.at(5)), .known(progress))
            let metadata = EventMetadata(cause: decision.cause, job: nil, run: nil, worker: nil)
            let payload = try #require(events.first?.payload)
            let recorded = NewEvent(
                type: JobRetryScheduled.type, version: payload.writtenVersion, time: Sample.at(5),
                data: payload.canonicalBytes(), metadata: metadata.canonicalBytes())
            try log.add(
                Commit(
                    stream: Sample.stream(Sample.job(11)), expected: .any, events: [recorded], blobs: decision.blobs))
            #expect(payload.writtenVersion == 2)
        }
        #expect(try Derived.divergences(in: log) == [])
        let retry = try #require(log.events.last)
        #expect(throws: DerivationError.self) {
            try derive(RetryBudget.retryWithinBudget, retry, from: [log.events[0]])
        }
        #expect(throws: DerivationError.self, "allowed for others") {
            try derive(
                RetryBudget.retryWithinBudget, retry, from: [event(at: fail(40)), log.events[12]])
        }
    }
}
