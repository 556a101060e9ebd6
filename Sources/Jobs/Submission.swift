import Deciders

/// Jobs that were submitted together, under an id that makes repeating it harmless.
package enum Submission: Decider {
    package typealias Event = SubmissionEvent

    package enum State: Equatable, Sendable {
        case absent
        case accepted(SubmissionAccepted)
    }

    package enum Command: Equatable, Sendable {
        case accept(SubmissionAccepted)
    }

    package enum Refusal: Error, Equatable, Sendable {
        /// The same id was used for other jobs.
        case submittedDifferently(SubmissionAccepted)
    }

    package static let category = "submission"
    package static let initial = State.absent

    package static func evolve(_ state: State, _ event: SubmissionEvent) -> State {
        switch event {
        case .accepted(let accepted): .accepted(accepted)
        }
    }

    package static func decide(_ command: Command, _ state: State) throws(Refusal) -> [SubmissionEvent] {
        switch (command, state) {
        case (.accept(let submission), .absent): return [.accepted(submission)]
        case (.accept(let submission), .accepted(let known)):
            guard known.content == submission.content, known.jobs == submission.jobs else {
                throw .submittedDifferently(known)
            }
            return []
        }
    }
}
