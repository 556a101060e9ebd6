import CanonicalJSON
import DeciderTestSupport
import Determinism
import Testing

@testable import Jobs

/// What queues ask of a job: the events as a whole, and what they count.
@Suite struct QueueJobTests {
    private func progress(_ events: [JobEvent]) throws -> Job.Progress {
        guard case .known(let job) = state(of: Job.self, given: events) else { throw NoJob() }
        return job
    }

    private struct NoJob: Error {}

    private func decide(
        _ command: Job.Command, after history: [JobEvent] = JobGrid.history("leased")
    ) -> Result<[JobEvent], Job.Refusal> { decision(Job.self, given: history, when: command) }

    @Test func `failures, crashes and deferrals are counted apart`() throws {
        let released = JobEvent.released(JobReleased(attempt: 1, worker: Sample.a))
        let unlocked = JobEvent.unlocked(JobUnlocked(attempt: 1, by: "me", note: nil, worker: Sample.a))
        let deferred = JobEvent.deferred(
            JobDeferred(attempt: 1, notBefore: Sample.at(40), reason: "full", worker: Sample.a))
        let gone = JobEvent.leaseExpired(
            JobLeaseExpired(attempt: 1, crashes: 1, deadline: Sample.at(100), reason: .workerGone, worker: Sample.a))
        func counts(_ event: JobEvent) throws -> [Int] {
            let job = try progress(JobGrid.history("leased") + [event])
            return [job.failures, job.spent, job.crashes, job.hangs, job.deferrals]
        }
        #expect(try counts(Sample.failed()) == [1, 1, 0, 0, 0])
        #expect(try counts(gone) == [0, 0, 1, 0, 0])
        #expect(try counts(JobGrid.hang) == [0, 0, 1, 1, 0])
        #expect(try counts(JobGrid.crash) == [0, 0, 1, 1, 0])
        #expect(try counts(released) == [0, 0, 0, 0, 1])
        #expect(try counts(deferred) == [0, 0, 0, 0, 1])
        #expect(try counts(unlocked) == [0, 0, 0, 0, 0])
    }

    @Test func `a request to try again forgives, and goes on counting attempts`() throws {
        let history =
            JobGrid.leased(after: [JobGrid.hang, JobGrid.crash]) + [
                Sample.failed(final: true), .retryRequested(JobRetryRequested(by: "me")),
            ]
        let job = try progress(history)
        #expect([job.failures, job.spent, job.crashes, job.hangs] == [1, 0, 0, 0])
        #expect(job.attempt == 2)
        #expect(job.stage == .ready)
    }

    @Test func `the third time a job hangs or takes its program down it is given up`() {
        let worker = Sample.a
        func crash(after losses: [JobEvent]) -> Result<[JobEvent], Job.Refusal> {
            decide(
                .crash(by: worker, at: Sample.at(50), message: "signal 9", policy: Sample.lease),
                after: JobGrid.leased(after: losses))
        }
        let second = JobEvent.crashed(JobCrashed(attempt: 1, crashes: 2, message: "signal 9", worker: worker))
        #expect(crash(after: [JobGrid.hang]) == .success([second]))
        let again = JobEvent.crashed(JobCrashed(attempt: 1, crashes: 2, message: "signal 11", worker: worker))
        for losses in [[JobGrid.hang, again], [JobGrid.crash, again]] {
            let third = JobEvent.crashed(JobCrashed(attempt: 1, crashes: 3, message: "signal 9", worker: worker))
            let message = "3 times it hung or its program ended without an answer, last: signal 9"
            let failed = JobEvent.failed(
                JobFailed(
                    attempt: 1, class: "poison", final: true, message: message, retryable: false, worker: worker))
            #expect(crash(after: losses) == .success([third, failed]))
        }
    }

    @Test func `losing workers that die is forgiven a hundred times, a crash among them counts once`() {
        func gone(_ count: Int) -> JobEvent {
            .leaseExpired(
                JobLeaseExpired(
                    attempt: 1, crashes: count, deadline: Sample.at(100), reason: .workerGone, worker: Sample.a))
        }
        let crash = Job.Command.crash(by: Sample.a, at: Sample.at(50), message: "x", policy: Sample.lease)
        func events(after losses: Int) -> Int? {
            let history = JobGrid.leased(after: (1...losses).map(gone))
            guard case .success(let events) = decide(crash, after: history) else { return nil }
            return events.count
        }
        #expect(events(after: 98) == 1)
        #expect(events(after: 99) == 2)
    }

    @Test func `poison keeps the end of what the program said`() {
        let message = String(repeating: "a", count: 600) + "last words"
        let history = JobGrid.leased(after: [JobGrid.hang, JobGrid.crash])
        let command = Job.Command.crash(by: Sample.a, at: Sample.at(50), message: message, policy: Sample.lease)
        guard case .success(let events) = decide(command, after: history),
            case .crashed(let crashed) = events.first, case .failed(let failed) = events.last
        else {
            Issue.record("the third crash is no poison")
            return
        }
        #expect(crashed.message.hasSuffix("last words") && crashed.message.count == 500)
        #expect(failed.message.hasPrefix("3 times") && failed.message.hasSuffix("last words"))
    }

    @Test func `each command gives its event with all that it was given`() {
        let (a, now) = (Sample.a, Sample.at(50))
        #expect(
            decide(.cancel(by: "me", note: "wrong data", reason: .replaced))
                == .success([.cancelled(JobCancelled(by: "me", note: "wrong data", reason: .replaced))]))
        #expect(
            decide(.cancelPastDeadline(at: Sample.at(1_000)))
                == .success([.cancelled(JobCancelled(by: "cairn", reason: .deadline))]))
        #expect(
            decide(.putOff(by: a, at: now, until: Sample.at(60), reason: "full"))
                == .success([
                    .deferred(JobDeferred(attempt: 1, notBefore: Sample.at(60), reason: "full", worker: a))
                ]))
        #expect(
            decide(.report(by: a, at: now, thousandths: 1_200, message: ""))
                == .success([
                    .progressed(JobProgressed(attempt: 1, message: nil, thousandths: 1_000, worker: a))
                ]))
        #expect(
            decide(.unlock(by: "me", note: "gone"))
                == .success([.unlocked(JobUnlocked(attempt: 1, by: "me", note: "gone", worker: a))]))
        let late = JobResultLate(attempt: 1, class: nil, result: ["n": 1], worker: Sample.b)
        #expect(decide(.recordLate(late)) == .success([.resultLate(late)]))
        #expect(late.result == ["n": 1])
    }

    @Test func `a cancelled job's retry begins anew, and its former worker can't answer for it`() {
        let history =
            JobGrid.history("leased") + [
                .cancelled(JobCancelled(by: "me", reason: .requested)), .retryRequested(JobRetryRequested(by: "me")),
            ]
        let answer = Job.Command.complete(by: Sample.a, at: Sample.at(60), result: [:])
        #expect(decide(answer, after: history) == .failure(.leaseLost))
        let leased = JobEvent.leased(JobLeased(attempt: 1, deadline: Sample.at(160), worker: Sample.b))
        #expect(
            decide(.lease(to: Sample.b, at: Sample.at(60), for: .seconds(100)), after: history) == .success([leased]))
        #expect(decide(answer, after: history + [leased]) == .failure(.leaseLost))
    }

    @Test func `a job whose deadline ended it isn't asked for again`() {
        #expect(
            decide(.requestRetry(by: "me"), after: JobGrid.history("overdue"))
                == .failure(.pastDeadline(Sample.at(1_000))))
    }

    @Test func `counters never shrink but on request, and repeating a command does nothing`() {
        for seed in 1...200 as ClosedRange<UInt64> {
            let violation = randomWalk(Job.self, seed: seed, steps: 100) { generator, _ in
                RandomCommands.draw(&generator)
            } holds: { before, command, events, after in
                Self.brokenRule(from: before, command, events, to: after)
            }
            #expect(violation == nil, "\(violation.map { "\($0)" } ?? "")")
        }
    }

    private static func brokenRule(
        from before: Job.State, _ command: Job.Command, _ events: [JobEvent], to after: Job.State
    ) -> String? {
        guard case .known(let job) = after else { return "an accepted command leaves a job" }
        if job.hangs > job.crashes { return "more hangs than crashes after \(events)" }
        if job.spent > job.submission.maxAttempts { return "more attempts than the budget after \(events)" }
        guard case .known(let earlier) = before else { return nil }
        if job.failures < earlier.failures || job.deferrals < earlier.deferrals { return "these never shrink" }
        if case .requestRetry = command { return nil }
        if job.crashes < earlier.crashes || job.spent < earlier.spent { return "nobody asked to forgive" }
        let counted = job.failures + job.crashes + job.deferrals
        let more = counted - earlier.failures - earlier.crashes - earlier.deferrals
        return more > events.count ? "\(events) count \(more) times" : nil
    }
}
