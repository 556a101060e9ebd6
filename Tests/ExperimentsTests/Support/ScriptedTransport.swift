import CanonicalJSON
import HTTPTransport
import Synchronization

/// A provider made of a function: model and kind of question in, behaviour out.
///
/// Keeps account of what it was sent.
final class ScriptedTransport: Transport {
    enum Behaviour: Sendable {
        case answer(String)
        case status(Int, String)
        /// No answer until the task is cancelled.
        case hang
    }

    struct Request: Sendable {
        let model: String
        let isJudging: Bool
        /// Whether the judge is told that it was asked before.
        let isAskedAnew: Bool
        /// The call without its attempt.
        let call: String
        /// All requests so far, this one included.
        let number: Int
        /// How many messages the conversation has.
        let messages: Int
    }

    private struct Account {
        var sent: [String] = []
        var answered: [String] = []
    }

    private let account = Mutex(Account())
    private let behaviour: @Sendable (Request) -> Behaviour

    init(_ behaviour: @escaping @Sendable (Request) -> Behaviour) { self.behaviour = behaviour }

    /// The calls that were asked, in order, once for each request.
    var sent: [String] { account.withLock(\.sent) }
    /// The calls that were answered.
    var answered: [String] { account.withLock(\.answered) }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let parsed = read(request)
        switch behaviour(parsed) {
        case .answer(let text):
            account.withLock { $0.answered.append(parsed.call) }
            return HTTPResponse(status: 200, body: Self.completion(text, model: parsed.model))
        case .status(let status, let code):
            let error: JSONValue = ["error": ["code": .string(code), "message": "scripted", "type": "scripted"]]
            return HTTPResponse(status: status, body: error.canonicalBytes())
        case .hang:
            // why: ends with the task alone; nothing waits for this time.
            try? await Task.sleep(for: .seconds(3_600))
            throw TransportError(kind: .cancelled, message: "cancelled")
        }
    }

    private func read(_ request: HTTPRequest) -> Request {
        let body = (try? JSONParser.parse(request.body)) ?? .null
        let texts = body["messages"]?.array?.compactMap { $0["content"]?.string } ?? []
        let call = String(request.label.prefix { $0 != "#" })
        let number = account.withLock { account in
            account.sent.append(call)
            return account.sent.count
        }
        return Request(
            model: body["model"]?.string ?? "", isJudging: texts.contains { $0.contains("\"criteria\"") },
            isAskedAnew: texts.contains { $0.contains("An earlier answer couldn't be used") }, call: call,
            number: number, messages: texts.count)
    }

    private static func completion(_ text: String, model: String) -> [UInt8] {
        let document: JSONValue = [
            "choices": [
                ["finish_reason": "stop", "index": 0, "message": ["content": .string(text), "role": "assistant"]]
            ],
            "id": "x", "model": .string(model), "object": "chat.completion",
            "usage": ["completion_tokens": 5, "prompt_tokens": 10, "total_tokens": 15],
        ]
        return document.canonicalBytes()
    }

    /// Every third request fails in a way that passes; the judge's first answers are prose.
    static func rough(_ request: Request) -> Behaviour {
        if request.number % 3 == 0 { return .status(500, "server_error") }
        guard request.isJudging else { return .answer("a poem by \(request.model), \(request.messages)") }
        return request.isAskedAnew ? .answer(#"{"criteria": {"c": {"score": 3}}}"#) : .answer("Lovely!")
    }
}
