package import CanonicalJSON
import Deciders
package import Determinism
package import EventLog
package import Jobs
package import Providers

/// A question wasn't sent, since the same request was answered before: nothing is spent.
///
/// Derived by `calls.reuse` from the start and the answer of the other call.
package struct CallReused: EventPayload {
    package static let type = EventType("llm.callReused")
    package static let version = 1

    /// SHA-256 of the answer's text.
    package let answer: Digest
    package let adapter: String
    package let endpoint: String
    /// What came back then.
    package let exchange: CallExchange
    package let finish: FinishReason
    /// The job that asks now.
    package let job: JobID
    package let model: String
    /// The model that the provider said it was; absent when it didn't say.
    package let modelAnswered: String?
    /// The call that was answered.
    package let origin: CallID
    /// Of its `llm.callCompleted`.
    package let position: Position
    package let provider: String
    package let purpose: CallPurpose
    /// The blob of the HTTP body, byte for byte the same as that of the other call.
    package let request: Digest
    package let turn: Int
    /// Tokens of the answer, spent then and not again.
    package let usage: Usage
    package let worker: WorkerID

    /// What this call is, apart from its answer.
    package struct Asker: Equatable, Sendable {
        package let job: JobID
        package let provider: String
        package let purpose: CallPurpose
        package let turn: Int
        package let worker: WorkerID
    }

    init(_ completed: CallCompleted, at position: Position, of origin: CallID, _ started: CallStarted, by asker: Asker)
    {
        answer = completed.answer
        adapter = started.adapter
        endpoint = started.endpoint
        exchange = completed.exchange
        finish = completed.finish
        job = asker.job
        model = started.model
        modelAnswered = completed.modelAnswered
        self.origin = origin
        self.position = position
        provider = asker.provider
        purpose = asker.purpose
        request = started.request
        turn = asker.turn
        usage = completed.usage
        worker = asker.worker
    }

    package var asker: Asker { Asker(job: job, provider: provider, purpose: purpose, turn: turn, worker: worker) }
    package var blobs: [Digest] { [request, exchange.body] }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("adapter", adapter)
        writer.field("answer", answer)
        writer.field("endpoint", endpoint)
        writer.field("exchange", exchange)
        writer.field("finish", finish)
        writer.field("job", job)
        writer.field("model", model)
        writer.optionalField("modelAnswered", modelAnswered)
        writer.field("origin", origin)
        writer.field("position", position)
        writer.field("provider", provider)
        writer.field("purpose", purpose)
        writer.field("request", request)
        writer.field("turn", turn)
        writer.field("usage", usage)
        writer.field("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        adapter = try reader.text("adapter", atMost: 60)
        answer = try reader.field("answer")
        endpoint = try reader.text("endpoint", atMost: 2_000)
        exchange = try reader.field("exchange")
        finish = try reader.field("finish")
        job = try reader.field("job")
        model = try reader.text("model", atMost: 300)
        modelAnswered = try reader.optionalText("modelAnswered", atMost: CallCompleted.longestWord)
        origin = try reader.field("origin")
        position = try reader.field("position")
        provider = try reader.text("provider", atMost: 100)
        purpose = try reader.field("purpose")
        request = try reader.field("request")
        turn = try reader.integer("turn", atLeast: 0)
        usage = try reader.counted("usage")
        worker = try reader.field("worker")
        try reader.endObject()
    }
}

extension CanonicalReader {
    /// Numbers of tokens, none of them negative.
    mutating func counted(_ key: StaticString) throws(JSONError) -> Usage {
        let start = offset
        let usage: Usage = try field(key)
        let counts = [usage.cacheRead, usage.cacheWrite, usage.input, usage.output, usage.reasoning]
        guard counts.allSatisfy({ $0 ?? 0 >= 0 }) else {
            throw error(at: start, expected: "numbers of tokens from 0", found: "a negative one")
        }
        return usage
    }
}
