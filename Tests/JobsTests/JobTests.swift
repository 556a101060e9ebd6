import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import Testing

@testable import Jobs

@Suite struct JobTests {
    private let submitted = JobEvent.submitted(Sample.submitted())

    @Test func `a submitted job can be leased until a deadline`() {
        #expect(
            decision(Job.self, given: [submitted], when: .lease(to: Sample.a, at: Sample.at(5), for: .seconds(10)))
                == .success([.leased(JobLeased(attempt: 1, deadline: Sample.at(15), worker: Sample.a))]))
    }

    @Test func `nobody else can take a leased job`() {
        #expect(
            decision(
                Job.self, given: [submitted, Sample.leased()],
                when: .lease(to: Sample.b, at: Sample.at(5), for: .seconds(10)))
                == .failure(.leasedElsewhere(Job.Lease(attempt: 1, deadline: Sample.at(100), worker: Sample.a))))
    }

    @Test func `a result counts until the deadline and not at it`() {
        let given = [submitted, Sample.leased()]
        let result = JobEvent.completed(JobCompleted(attempt: 1, result: [:], worker: Sample.a))
        let before = Timestamp(microseconds: 99_999_999)
        #expect(
            decision(Job.self, given: given, when: .complete(by: Sample.a, at: before, result: [:]))
                == .success([result]))
        #expect(
            decision(Job.self, given: given, when: .complete(by: Sample.a, at: Sample.at(100), result: [:]))
                == .failure(.leaseLost))
        #expect(
            decision(Job.self, given: given, when: .complete(by: Sample.b, at: before, result: [:]))
                == .failure(.leaseLost))
    }

    @Test func `a failure is final when it can't pass or the budget is spent`() {
        func fail(_ history: [JobEvent], retryable: Bool) -> Bool? {
            let command = Job.Command.fail(
                by: Sample.a, at: Sample.at(1), class: "timeout", message: "too slow", retryable: retryable)
            guard case .success(let events) = decision(Job.self, given: history, when: command),
                case .failed(let failed) = events.first
            else { return nil }
            return failed.final
        }
        let retry = JobEvent.retryScheduled(JobRetryScheduled(attempt: 2, delay: .zero, notBefore: Sample.at(0)))
        let again = JobEvent.retryScheduled(JobRetryScheduled(attempt: 3, delay: .zero, notBefore: Sample.at(0)))
        #expect(fail([submitted, Sample.leased()], retryable: true) == false)
        #expect(fail([submitted, Sample.leased()], retryable: false) == true)
        let twice = [
            submitted, Sample.leased(), Sample.failed(), retry, Sample.leased(attempt: 2), Sample.failed(attempt: 2),
            again, Sample.leased(attempt: 3),
        ]
        #expect(fail(twice, retryable: true) == true)
        let forgiven =
            twice + [
                Sample.failed(attempt: 3, final: true), .retryRequested(JobRetryRequested(by: "me")),
                Sample.leased(attempt: 4),
            ]
        #expect(fail(forgiven, retryable: true) == false)
    }

    @Test func `a retry waits for its time`() {
        let given: [JobEvent] = [
            submitted, Sample.leased(), Sample.failed(),
            .retryScheduled(JobRetryScheduled(attempt: 2, delay: .seconds(5), notBefore: Sample.at(10))),
        ]
        #expect(
            decision(Job.self, given: given, when: .lease(to: Sample.b, at: Sample.at(9), for: .seconds(10)))
                == .failure(.notDue(Sample.at(10))))
        #expect(
            decision(Job.self, given: given, when: .lease(to: Sample.b, at: Sample.at(10), for: .seconds(10)))
                == .success([.leased(JobLeased(attempt: 2, deadline: Sample.at(20), worker: Sample.b))]))
    }

    @Test func `a lease expires at its deadline, or as soon as its worker is gone`() {
        let given = [submitted, Sample.leased()]
        func expire(_ reason: JobLeaseExpired.Reason, at seconds: Int64) -> Result<[JobEvent], Job.Refusal> {
            decision(
                Job.self, given: given,
                when: .expire(from: Sample.a, at: Sample.at(seconds), reason: reason, policy: Sample.lease))
        }
        func expired(_ reason: JobLeaseExpired.Reason) -> JobEvent {
            .leaseExpired(
                JobLeaseExpired(attempt: 1, crashes: 1, deadline: Sample.at(100), reason: reason, worker: Sample.a))
        }
        #expect(expire(.deadline, at: 99) == .failure(.leaseHolds(until: Sample.at(100))))
        #expect(expire(.deadline, at: 100) == .success([expired(.deadline)]))
        #expect(expire(.workerGone, at: 1) == .success([expired(.workerGone)]))
    }

    @Test func `the loss of a lease doesn't end a later one of the same worker`() {
        let lost = JobEvent.leaseExpired(
            JobLeaseExpired(attempt: 1, crashes: 1, deadline: Sample.at(100), reason: .workerGone, worker: Sample.a))
        let given = [submitted, Sample.leased(), lost, Sample.leased(until: 250)]
        func expire(deadline: Timestamp?) -> Result<[JobEvent], Job.Refusal> {
            decision(
                Job.self, given: given,
                when: .expire(
                    from: Sample.a, at: Sample.at(300), reason: .deadline, policy: Sample.lease, deadline: deadline))
        }
        #expect(expire(deadline: Sample.at(100)) == .success([]))
        #expect(expire(deadline: Sample.at(250)) == expire(deadline: nil))
        #expect(expire(deadline: nil) != .success([]))
    }

    @Test func `a job that hangs three times is poison, one whose process is killed as often isn't`() {
        func afterTwoLosses(_ reason: JobLeaseExpired.Reason) -> [JobEvent] {
            [submitted]
                + (1...2).flatMap { crash in
                    [
                        Sample.leased(),
                        .leaseExpired(
                            JobLeaseExpired(
                                attempt: 1, crashes: crash, deadline: Sample.at(100), reason: reason, worker: Sample.a)),
                    ]
                } + [Sample.leased()]
        }
        func classes(_ reason: JobLeaseExpired.Reason) -> [String]? {
            let command = Job.Command.expire(
                from: Sample.a, at: Sample.at(200), reason: reason, policy: Sample.lease)
            guard case .success(let events) = decision(Job.self, given: afterTwoLosses(reason), when: command) else {
                return nil
            }
            return events.compactMap { if case .failed(let failed) = $0 { failed.class } else { nil } }
        }
        #expect(classes(.deadline) == ["poison"])
        #expect(classes(.workerGone) == [])
    }

    @Test func `giving back spends nothing`() {
        let given = [submitted, Sample.leased(), .released(JobReleased(attempt: 1, worker: Sample.a))]
        #expect(
            decision(Job.self, given: given, when: .lease(to: Sample.b, at: Sample.at(5), for: .seconds(10)))
                == .success([.leased(JobLeased(attempt: 1, deadline: Sample.at(15), worker: Sample.b))]))
    }

    @Test func `only what failed or was skipped can be asked for again`() {
        let skipped = JobEvent.skipped(JobSkipped(rootCause: Sample.job(9), rootClass: "auth"))
        let requested = JobEvent.retryRequested(JobRetryRequested(by: "me"))
        #expect(
            decision(Job.self, given: [submitted, skipped], when: .requestRetry(by: "me")) == .success([requested]))
        #expect(
            decision(Job.self, given: [submitted, Sample.leased()], when: .requestRetry(by: "me"))
                == .failure(.nothingToRetry))
    }

    @Test func `the same id with other content is refused`() {
        #expect(
            decision(Job.self, given: [submitted], when: .submit(Sample.submitted(lane: "other")))
                == .failure(.submittedDifferently))
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `a command that applied gives no events when repeated`(seed: UInt64) {
        let violation = randomWalk(Job.self, seed: seed, steps: 400) { generator, _ in
            let worker = generator.uniform(below: 2) == 0 ? Sample.a : Sample.b
            let now = Sample.at(Int64(generator.uniform(below: 300)))
            return switch generator.uniform(below: 10) {
            case 0: .submit(Sample.submitted())
            case 1, 2: .lease(to: worker, at: now, for: .seconds(100))
            case 3: .renew(by: worker, at: now, for: .seconds(100))
            case 4: .complete(by: worker, at: now, result: [:])
            case 5: .fail(by: worker, at: now, class: "timeout", message: "slow", retryable: true)
            case 6: .scheduleRetry(at: now, delay: .seconds(1))
            case 7: .expire(from: worker, at: now, reason: .deadline, policy: Sample.lease)
            case 8: .release(by: worker, at: now)
            default: .requestRetry(by: "me")
            }
        } holds: { before, _, events, after in
            guard case .known(let job) = after else { return "an accepted command leaves a job" }
            if case .known(let earlier) = before, job.failures < earlier.failures { return "failures never shrink" }
            return job.spent > job.submission.maxAttempts ? "more attempts than the budget after \(events)" : nil
        }
        #expect(violation == nil, "\(violation.map { "\($0)" } ?? "")")
    }
}
