package import CanonicalJSON
import Deciders
package import Determinism
package import EventLog
import Jobs
package import Providers

/// A question was answered.
///
/// Derived by `calls.parse.<adapter>` from the exchange, the blob of its body, and the terms of the call.
package struct CallCompleted: EventPayload {
    package static let type = EventType("llm.callCompleted")
    package static let version = 1
    /// The most code points kept of a provider's word.
    static let longestWord = 200

    /// SHA-256 of the answer's text; the text itself is in the body's blob.
    package let answer: Digest
    package let attempt: Int
    /// In nano-dollars; absent when the price or the number of tokens isn't known, which isn't 0.
    package let cost: Int?
    package let exchange: CallExchange
    /// Why the answer ended, in the words that all providers share.
    package let finish: FinishReason
    /// The provider's own word for it; absent when it gave none.
    package let finishOriginal: String?
    /// The model that the provider says it was; absent when it doesn't say.
    package let modelAnswered: String?
    /// The id that the provider's support asks for; absent when there was none.
    package let requestID: String?
    /// The provider's mark of its configuration; absent when there was none.
    package let systemFingerprint: String?
    /// Tokens as the provider counted them; a part is absent when it didn't say.
    package let usage: Usage

    package init(attempt: Int, exchange: CallExchange, result: ChatResult, price: ModelPrice?) {
        self.attempt = attempt
        self.exchange = exchange
        answer = Digest(of: Array(result.text.utf8))
        cost = price?.cost(of: result.usage)
        finish = result.finish
        finishOriginal = Self.word(result.finishOriginal)
        modelAnswered = Self.word(result.modelAnswered)
        requestID = Self.word(result.requestID)
        systemFingerprint = Self.word(result.systemFingerprint)
        usage = result.usage
    }

    private static func word(_ text: String?) -> String? {
        guard let text, !text.isEmpty else { return nil }
        return text.prefix(codePoints: longestWord)
    }

    package var blobs: [Digest] { [exchange.body] }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("answer", answer)
        writer.field("attempt", attempt)
        writer.optionalField("cost", cost)
        writer.field("exchange", exchange)
        writer.field("finish", finish)
        writer.optionalField("finishOriginal", finishOriginal)
        writer.optionalField("modelAnswered", modelAnswered)
        writer.optionalField("requestID", requestID)
        writer.optionalField("systemFingerprint", systemFingerprint)
        writer.field("usage", usage)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        answer = try reader.field("answer")
        attempt = try reader.integer("attempt", atLeast: 1)
        cost = try reader.optionalCount("cost")
        exchange = try reader.field("exchange")
        finish = try reader.field("finish")
        finishOriginal = try reader.optionalText("finishOriginal", atMost: Self.longestWord)
        modelAnswered = try reader.optionalText("modelAnswered", atMost: Self.longestWord)
        requestID = try reader.optionalText("requestID", atMost: Self.longestWord)
        systemFingerprint = try reader.optionalText("systemFingerprint", atMost: Self.longestWord)
        let start = reader.offset
        usage = try reader.field("usage")
        let counts = [usage.cacheRead, usage.cacheWrite, usage.input, usage.output, usage.reasoning]
        guard counts.allSatisfy({ $0 ?? 0 >= 0 }) else {
            throw reader.error(at: start, expected: "numbers of tokens from 0", found: "a negative one")
        }
        try reader.endObject()
    }
}
