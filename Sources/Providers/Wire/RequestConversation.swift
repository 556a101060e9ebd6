package import CanonicalJSON

extension ChatMessage {
    /// The conversation in the body of a recorded request, whichever adapter wrote it; empty for any other body.
    ///
    /// For people who read transcripts. Several pieces of text in one message are joined; pieces that aren't text are
    /// left out, as no adapter writes any.
    package static func conversation(in body: JSONValue) -> [ChatMessage] {
        guard case .object(let members) = body else { return [] }
        let instructions = ["system", "instructions", "systemInstruction"].compactMap { members[$0] }
        let turns = ["messages", "input", "contents"].lazy.compactMap { members[$0] }.first
        guard case .array(let elements)? = turns else { return [] }
        return instructions.map { ChatMessage(role: .system, content: text(of: $0)) }
            + elements.compactMap(message)
    }

    private static func message(_ element: JSONValue) -> ChatMessage? {
        guard let role = element["role"]?.string.flatMap(role) else { return nil }
        return ChatMessage(role: role, content: text(of: element))
    }

    private static func role(_ word: String) -> Role? {
        switch word {
        case "system", "developer": .system
        case "user": .user
        case "assistant", "model": .assistant
        default: nil
        }
    }

    private static func text(of value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .array(let pieces): pieces.map(text).joined()
        case .object(let members):
            (members["text"] ?? members["content"] ?? members["parts"]).map(text) ?? ""
        case .null, .bool, .number: ""
        }
    }
}
