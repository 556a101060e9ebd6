import DeciderTestSupport
import Determinism
import Testing

@testable import Jobs

@Suite struct SubmissionTests {
    private static func accepted(_ content: String, jobs: Int = 2, by person: String = "me") -> SubmissionAccepted {
        SubmissionAccepted(by: person, content: Digest(of: content), jobs: jobs, submitID: "nightly")
    }

    @Test func `is accepted once, and again without an event`() {
        let accept = Submission.Command.accept(Self.accepted("a"))
        #expect(decision(Submission.self, given: [], when: accept) == .success([.accepted(Self.accepted("a"))]))
        #expect(repeatedDecision(Submission.self, given: [], when: accept) == .success([]))
        #expect(
            decision(
                Submission.self, given: [.accepted(Self.accepted("a"))],
                when: .accept(Self.accepted("a", by: "somebody else"))) == .success([]))
    }

    @Test(arguments: [accepted("b"), accepted("a", jobs: 3)])
    func `the same id for other jobs is refused, with what it was used for`(other: SubmissionAccepted) {
        #expect(
            decision(Submission.self, given: [.accepted(Self.accepted("a"))], when: .accept(other))
                == .failure(.submittedDifferently(Self.accepted("a"))))
    }
}
