import CanonicalJSON
import Determinism
import EventLog
import HTTPTransport
import Jobs
import Providers
import Testing

@testable import Calls

/// Ids and payloads that tests share.
enum Sample {
    static let run = RunID(wellFormed: "run1")
    static let job = JobID(wellFormed: "j1")
    static let a = WorkerID(wellFormed: "a")
    static let b = WorkerID(wellFormed: "b")
    static let call = CallID(job: job, purpose: .probe, turn: 0)
    static let body = answer("Seven.")

    static func at(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: seconds * 1_000_000) }

    static func intent(by worker: WorkerID = a) -> Call.Intent {
        Call.Intent(
            adapter: OpenAIChat.name, endpoint: "http://simulated/v1", job: job, model: "m", provider: "simulated",
            purpose: .probe, request: Digest(of: "request"), turn: 0, worker: worker)
    }

    static func started(_ attempt: Int = 1, by worker: WorkerID = a) -> CallEvent {
        .started(intent(by: worker).started(attempt: attempt))
    }

    static func exchange(_ status: Int = 200, body: [UInt8] = body, total: Int64 = 900) -> CallExchange {
        CallExchange(
            body: Digest(of: body), firstByte: Microseconds(500), headers: ["x-request-id": "r1"],
            queued: Microseconds(10), status: status, total: Microseconds(total))
    }

    static func completed(_ attempt: Int = 1, total: Int64 = 900) -> CallCompleted {
        CallCompleted(
            attempt: attempt, exchange: exchange(total: total),
            result: ChatResult(
                text: "Seven.", finish: .stop, finishOriginal: "stop", modelAnswered: "m-1", requestID: "r1",
                usage: Usage(input: 31, output: 3)),
            price: price)
    }

    static func failed(
        _ attempt: Int = 1, _ kind: ProviderErrorClass = .serverError, retryAfter: Microseconds? = nil
    ) -> CallFailed {
        CallFailed(
            attempt: attempt, evidence: .exchange(exchange(500)),
            error: ProviderError(class: kind, retryAfter: retryAfter, detail: "HTTP 500"))
    }

    static func reused() -> CallReused {
        CallReused(
            completed(), at: Position(7), of: call, intent().started(attempt: 1),
            by: CallReused.Asker(job: job, provider: "simulated", purpose: .probe, turn: 0, worker: b))
    }

    static func broken(_ attempt: Int = 1) -> CallFailed {
        let failure = TransportFailure(
            kind: .closedEarly, message: "the connection ended", partialBody: Digest(of: "half"),
            total: Microseconds(70))
        return CallFailed(attempt: attempt, evidence: .transport(failure), error: failure.providerError)
    }

    /// One micro-dollar for each token read, two for each written.
    static let price = PicoDollars(dollars: "0.000001").flatMap { input in
        PicoDollars(dollars: "0.000002").map { ModelPrice(rates: ModelPrice.Rates(input: input, output: $0)) }
    }

    /// What an OpenAI-compatible server answers.
    static func answer(_ text: String) -> [UInt8] {
        let body: JSONValue = [
            "choices": [
                ["finish_reason": "stop", "index": 0, "message": ["content": .string(text), "role": "assistant"]]
            ],
            "id": "c1", "model": "m-1", "object": "chat.completion",
            "usage": ["completion_tokens": 3, "prompt_tokens": 31, "total_tokens": 34],
        ]
        return body.canonicalBytes()
    }
}
