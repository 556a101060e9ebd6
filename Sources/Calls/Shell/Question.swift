package import Determinism
package import EventLog
package import Providers

/// What a job wants to know from a model.
package struct Question: Sendable {
    package let id: CallID
    package let purpose: CallPurpose
    /// Which question of the job's conversation, from 0.
    package let turn: Int
    /// As in the run's definition.
    package let provider: String
    package let adapter: any LLMProvider.Type
    package let endpoint: Endpoint
    /// The environment variable that the key is in; nil where none is sent.
    package let keyVariable: String?
    package let chat: ChatRequest
    package let terms: CallTerms

    package init(
        id: CallID, purpose: CallPurpose, turn: Int, provider: String, adapter: any LLMProvider.Type,
        endpoint: Endpoint, keyVariable: String?, chat: ChatRequest, terms: CallTerms
    ) {
        self.id = id
        self.purpose = purpose
        self.turn = turn
        self.provider = provider
        self.adapter = adapter
        self.endpoint = endpoint
        self.keyVariable = keyVariable
        self.chat = chat
        self.terms = terms
    }
}

/// What a model answered, and where that is recorded.
package struct CallAnswer: Equatable, Sendable {
    package let text: String
    package let completed: CallCompleted
    /// Of the `llm.callCompleted`, for what is derived from it.
    package let position: Position

    package init(text: String, completed: CallCompleted, position: Position) {
        self.text = text
        self.completed = completed
        self.position = position
    }
}

/// How a question ended.
package enum CallOutcome: Equatable, Sendable {
    case answered(CallAnswer)
    /// It failed, and the policy has no further attempt; this is the last failure.
    case failed(CallFailed)
}

/// Why a recorded answer can't be used.
package enum CallRecordError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The body of the answer was erased, or never reached this store.
    case bodyMissing(CallID, Digest)
    /// The adapter reads the body differently than when it was recorded.
    case readDifferently(CallID)
    /// The answer that was to be reused isn't at its position.
    case answerMissing(CallID, Position)

    package var description: String {
        switch self {
        case .bodyMissing(let id, let digest):
            "the answer of call \(id) is recorded, but its body, blob \(digest.hex), isn't in the store"
        case .readDifferently(let id):
            "the recorded body of call \(id) isn't an answer to this program; use the release that recorded it"
        case .answerMissing(let id, let position):
            "the answer to reuse for call \(id) isn't at position \(position)"
        }
    }
}
