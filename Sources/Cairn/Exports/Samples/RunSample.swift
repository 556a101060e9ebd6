import Calls
import Determinism
import EventLog
import Experiments
import Jobs
import Providers
import Scoring

/// One answer of a model to one scenario: what was asked, what came back, and what the judges made of it.
struct RunSample: Sendable {
    let model: ModelDefinition
    let scenario: Scenario
    /// From 1.
    let sample: Int
    let job: JobID
    /// How the probe's job stands; nil when it isn't submitted yet.
    let status: JobStatusRow?
    /// The questions in their order.
    let turns: [AskedTurn]
    /// What was said, up to the last answer that there is.
    let conversation: Conversation
    /// One for each judge of the experiment, in its order.
    let judgings: [Judging]

    /// One judge's look at the sample.
    struct Judging: Sendable {
        let judge: JudgeDefinition
        let job: JobID
        let status: JobStatusRow?
        /// The questions in their order: more than one when an answer couldn't be used.
        let rounds: [AskedTurn]
        /// The last word; nil when there is none.
        let score: ScoreRow?

        /// The score; nil when the judge gave none that could be used.
        var computed: ScoreComputed? {
            guard case .computed(let computed)? = score?.outcome else { return nil }
            return computed
        }
    }

    /// When it began: its first question was sent, or else its job submitted.
    var started: Timestamp? { turns.first?.row.started ?? status?.submitted }

    /// Whether every question has its answer.
    var isAnswered: Bool { conversation.nextTurn == nil }
}

/// One question, with the bytes that went out and came back.
struct AskedTurn: Sendable {
    /// Of the first attempt's intent.
    let position: Position
    let row: TranscriptRow
    /// What was said before, and the question.
    let messages: [ChatMessage]
    /// The exact body; nil when it can't be had.
    let request: [UInt8]?
    let requestState: BlobState
    /// The exact body; nil when there is none, or it can't be had.
    let response: [UInt8]?
    /// Nil when there is none.
    let responseState: BlobState?
    /// What the response says; nil when there is no answer that can be read.
    let result: ChatResult?

    /// What stands for the answer: its text, or why there is none and which blob would have it.
    var answer: String { result?.text ?? Self.absent(responseState, row.exchange?.body) }

    /// What stands where bytes can't be had, as in `[erased, SHA-256 …]`; `unreadable` where they aren't understood.
    static func absent(_ state: BlobState?, _ digest: Digest?) -> String {
        let word =
            switch state {
            case .erased, .sealed, .missing: state?.rawValue ?? ""
            case .present, nil: "unreadable"
            }
        return "[" + word + (digest.map { ", SHA-256 \($0.hex)" } ?? "") + "]"
    }
}

extension CallPurpose {
    /// What the model is in a sample: nil for the one that is compared.
    var role: String? { self == .judge ? "grader" : nil }
}
