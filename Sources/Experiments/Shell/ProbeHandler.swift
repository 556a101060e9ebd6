import Calls
import CanonicalJSON
import Jobs
import Providers
import Scoring

/// A probing job: one conversation with one model about one scenario.
///
/// Each answer is on disk before the next turn is asked, so a conversation that was cut short goes on where it stopped.
struct ProbeHandler: JobHandler {
    /// The kind of job that it does.
    static let kind = "probe"

    private let executor: CallExecutor
    private let script: ProbeScript

    init(executor: CallExecutor, script: ProbeScript) {
        self.executor = executor
        self.script = script
    }

    func run(_ job: RunningJob) async throws -> JobResult {
        do {
            return try await converse(job)
        } catch let error as CallRecordError {
            return .failed(class: "answerMissing", message: "\(error)", retryable: false)
        }
    }

    private func converse(_ job: RunningJob) async throws -> JobResult {
        let asked = try script.probe(job.submission.labels)
        var conversation = asked.conversation
        while let turn = conversation.nextTurn, let messages = conversation.nextMessages {
            let id = CallID(job: job.id, purpose: .probe, turn: turn)
            let question = asked.model.question(id, .probe, turn: turn, messages)
            switch try await executor.ask(question, in: job) {
            case .failed(let failed):
                return .failed(
                    class: failed.class.rawValue, message: ProbeFailure.message(turn: turn, detail: failed.detail),
                    retryable: failed.retryable)
            case .answered(let answer): conversation.take(answer.text)
            }
        }
        return .completed(["turns": .number(Double(conversation.answers.count))])
    }
}
