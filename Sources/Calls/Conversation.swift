package import Providers

/// The messages of a job's conversation: what the system says, then prompts and the answers they got, in turns.
package struct Conversation: Equatable, Sendable {
    /// What the model is told before anything is asked; nil says nothing.
    package let preamble: String?
    /// Every prompt, rendered, in the order in which they are asked.
    package let prompts: [String]
    /// The answers to the first prompts.
    package private(set) var answers: [String]

    package init(preamble: String? = nil, prompts: [String], answers: [String] = []) {
        precondition(answers.count <= prompts.count, "every answer belongs to a prompt")
        self.preamble = preamble
        self.prompts = prompts
        self.answers = answers
    }

    /// Which prompt comes next, from 0; nil when all are answered.
    package var nextTurn: Int? { answers.count < prompts.count ? answers.count : nil }

    /// What to send to get the next answer: everything said so far and the next prompt; nil when all are answered.
    package var nextMessages: [ChatMessage]? {
        guard let turn = nextTurn else { return nil }
        return said + [ChatMessage(role: .user, content: prompts[turn])]
    }

    /// Everything said so far, up to the last answer.
    package var said: [ChatMessage] {
        var messages: [ChatMessage] = []
        if let preamble { messages.append(ChatMessage(role: .system, content: preamble)) }
        for (prompt, answer) in zip(prompts, answers) {
            messages.append(ChatMessage(role: .user, content: prompt))
            messages.append(ChatMessage(role: .assistant, content: answer))
        }
        return messages
    }

    /// Takes the answer to the next prompt.
    package mutating func take(_ answer: String) {
        precondition(nextTurn != nil, "there is no prompt left to answer")
        answers.append(answer)
    }
}
