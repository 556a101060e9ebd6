import DeciderTestSupport
import Determinism
import Experiments
import Testing

@Suite("Run")
struct RunTests {
    private let submitted = RunSubmitted(cells: 4, definition: Digest(of: "d"), experiment: "haiku", jobs: 8)
    private let complete = RunFinished(cells: CellCounts(done: 4), outcome: .complete)
    private let incomplete = RunFinished(cells: CellCounts(done: 2, failed: 1, skipped: 1), outcome: .incomplete)
    private var working: [RunEvent] { [.submitted(submitted), .jobsSubmitted(RunJobsSubmitted(jobs: 8))] }

    @Test("a run goes from submission over its jobs to an end, and repeating a step records nothing")
    func life() {
        let steps: [(history: [RunEvent], command: Run.Command, event: RunEvent)] = [
            ([], .submit(submitted), .submitted(submitted)),
            ([.submitted(submitted)], .confirmJobs, .jobsSubmitted(RunJobsSubmitted(jobs: 8))),
            (working, .finish(complete), .finished(complete)),
            (working, .drain(outstanding: 3), .drained(RunDrained(outstanding: 3))),
            (working + [.finished(incomplete)], .reopen(jobs: 2), .reopened(RunReopened(jobs: 2))),
        ]
        for step in steps {
            #expect(decision(Run.self, given: step.history, when: step.command) == .success([step.event]))
            #expect(repeatedDecision(Run.self, given: step.history, when: step.command) == .success([]))
        }
    }

    @Test("what doesn't fit is refused with the reason")
    func refusals() {
        let other = RunSubmitted(cells: 4, definition: Digest(of: "other"), experiment: "haiku", jobs: 8)
        let short = RunFinished(cells: CellCounts(done: 3), outcome: .incomplete)
        let refusals: [(history: [RunEvent], command: Run.Command, refusal: Run.Refusal)] = [
            ([], .confirmJobs, .notSubmitted),
            ([], .drain(outstanding: 1), .notSubmitted),
            (working, .submit(other), .submittedDifferently(submitted)),
            ([.submitted(submitted)], .finish(complete), .stillSubmitting),
            (working, .finish(short), .cellsDoNotAddUp(expected: 4, found: 3)),
            (working + [.finished(complete)], .finish(incomplete), .finishedDifferently(complete)),
            (working + [.finished(complete)], .reopen(jobs: 1), .nothingToReopen),
            (working + [.finished(complete)], .drain(outstanding: 0), .alreadyFinished),
        ]
        for refusal in refusals {
            #expect(decision(Run.self, given: refusal.history, when: refusal.command) == .failure(refusal.refusal))
        }
    }

    @Test("a drained or reopened run can be finished")
    func resuming() {
        #expect(
            decision(Run.self, given: working + [.drained(RunDrained(outstanding: 2))], when: .finish(complete))
                == .success([.finished(complete)]))
        let reopened = working + [.finished(incomplete), .reopened(RunReopened(jobs: 2))]
        #expect(decision(Run.self, given: reopened, when: .finish(complete)) == .success([.finished(complete)]))
    }
}
