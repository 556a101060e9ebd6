import Deciders

/// The rules of a run: submitted once, worked on by any number of processes, finished when nothing is left.
package enum Run: Decider {
    package enum State: Equatable, Sendable {
        case absent
        /// Its jobs are being put into the log.
        case submitting(RunSubmitted)
        case working(RunSubmitted)
        /// Stopped on request; the next worker goes on.
        case drained(RunSubmitted, RunDrained)
        case finished(RunSubmitted, RunFinished)

        /// What was submitted; nil before that.
        package var submitted: RunSubmitted? {
            switch self {
            case .absent: nil
            case .submitting(let submitted), .working(let submitted), .drained(let submitted, _),
                .finished(let submitted, _):
                submitted
            }
        }
    }

    package enum Command: Equatable, Sendable {
        case submit(RunSubmitted)
        case confirmJobs
        case finish(RunFinished)
        case reopen(jobs: Int)
        case drain(outstanding: Int)
    }

    package enum Refusal: Error, Equatable, Sendable {
        case notSubmitted
        /// The run's id belongs to another definition.
        case submittedDifferently(RunSubmitted)
        /// Jobs of the plan are missing in the log.
        case stillSubmitting
        /// The counts don't cover every cell once.
        case cellsDoNotAddUp(expected: Int, found: Int)
        /// Another result was recorded.
        case finishedDifferently(RunFinished)
        /// Nothing failed, so there is nothing to try again.
        case nothingToReopen
        case alreadyFinished
    }

    package static let category = "run"
    package static let initial = State.absent

    package static func evolve(_ state: State, _ event: RunEvent) -> State {
        switch (event, state.submitted) {
        case (.submitted(let submitted), _): .submitting(submitted)
        case (.jobsSubmitted, let submitted?), (.reopened, let submitted?): .working(submitted)
        case (.finished(let finished), let submitted?): .finished(submitted, finished)
        case (.drained(let drained), let submitted?): .drained(submitted, drained)
        case (.jobsSubmitted, nil), (.reopened, nil), (.finished, nil), (.drained, nil): state
        // Those are `RunBudget`'s.
        case (.budgetChanged, _), (.stopped, _): state
        }
    }

    package static func decide(_ command: Command, _ state: State) throws(Refusal) -> [RunEvent] {
        switch command {
        case .submit(let submitted): try submit(submitted, state)
        case .confirmJobs: try confirmJobs(state)
        case .finish(let finished): try finish(finished, state)
        case .reopen(let jobs): try reopen(jobs, state)
        case .drain(let outstanding): try drain(outstanding, state)
        }
    }

    private static func submit(_ submitted: RunSubmitted, _ state: State) throws(Refusal) -> [RunEvent] {
        guard let known = state.submitted else { return [.submitted(submitted)] }
        guard known == submitted else { throw .submittedDifferently(known) }
        return []
    }

    private static func confirmJobs(_ state: State) throws(Refusal) -> [RunEvent] {
        switch state {
        case .absent: throw .notSubmitted
        case .submitting(let submitted): [.jobsSubmitted(RunJobsSubmitted(jobs: submitted.jobs))]
        case .working, .drained, .finished: []
        }
    }

    private static func finish(_ finished: RunFinished, _ state: State) throws(Refusal) -> [RunEvent] {
        switch state {
        case .absent: throw .notSubmitted
        case .submitting: throw .stillSubmitting
        case .finished(_, finished): return []
        case .finished(_, let known): throw .finishedDifferently(known)
        case .working(let submitted), .drained(let submitted, _):
            guard finished.cells.total == submitted.cells else {
                throw .cellsDoNotAddUp(expected: submitted.cells, found: finished.cells.total)
            }
            return [.finished(finished)]
        }
    }

    private static func reopen(_ jobs: Int, _ state: State) throws(Refusal) -> [RunEvent] {
        switch state {
        case .absent: throw .notSubmitted
        case .submitting: throw .stillSubmitting
        case .working, .drained: []
        case .finished(_, let finished) where finished.outcome == .complete || jobs == 0: throw .nothingToReopen
        case .finished: [.reopened(RunReopened(jobs: jobs))]
        }
    }

    /// A drain in the middle of submitting is no news: the run resumes by submitting the rest.
    private static func drain(_ outstanding: Int, _ state: State) throws(Refusal) -> [RunEvent] {
        switch state {
        case .absent: throw .notSubmitted
        case .submitting: []
        case .drained(_, let drained) where drained.outstanding == outstanding: []
        case .working, .drained: [.drained(RunDrained(outstanding: outstanding))]
        case .finished: throw .alreadyFinished
        }
    }
}
