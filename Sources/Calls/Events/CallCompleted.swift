package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog
import Jobs
package import Providers

/// A question was answered.
///
/// Derived by `calls.parse.<adapter>` from the exchange, the blob of its body, and the terms of the call.
package struct CallCompleted: EventPayload {
    package static let type = EventType("llm.callCompleted")
    package static let version = 2
    package static let upcasters = [
        Upcaster(name: "CallCompletedV1ToV2", from: 1) { $0.adding("estimated", false) }
    ]
    /// The most code points kept of a provider's word.
    static let longestWord = 200

    /// SHA-256 of the answer's text; the text itself is in the body's blob.
    package let answer: Digest
    package let attempt: Int
    /// In nano-dollars; absent when the price or the number of tokens isn't known, which isn't 0.
    package let cost: Int?
    /// Whether a number of tokens is ours, since the provider didn't count: `TokenEstimate` has the rule.
    package let estimated: Bool
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
    /// Tokens as the provider counted them, or as estimated; a part is absent when it didn't say.
    package let usage: Usage

    private let written: WrittenVersion

    /// `requestBytes` is the size of the request's body, asked for where the provider didn't count.
    package init(
        attempt: Int, exchange: CallExchange, result: ChatResult, price: ModelPrice?, version: Int = Self.version,
        requestBytes: () -> Int? = { nil }
    ) {
        self.attempt = attempt
        self.exchange = exchange
        let usage = version > 1 ? result.usage.completed(by: result, requestBytes) : result.usage
        answer = Digest(of: Array(result.text.utf8))
        cost = price?.cost(of: usage)
        estimated = usage != result.usage
        finish = result.finish
        finishOriginal = Self.word(result.finishOriginal)
        modelAnswered = Self.word(result.modelAnswered)
        requestID = Self.word(result.requestID)
        systemFingerprint = Self.word(result.systemFingerprint)
        self.usage = usage
        written = WrittenVersion(version)
    }

    package var writtenVersion: Int { written.number }

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
        if writtenVersion > 1 { writer.field("estimated", estimated) }
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
        estimated = try reader.field("estimated")
        exchange = try reader.field("exchange")
        finish = try reader.field("finish")
        finishOriginal = try reader.optionalText("finishOriginal", atMost: Self.longestWord)
        modelAnswered = try reader.optionalText("modelAnswered", atMost: Self.longestWord)
        requestID = try reader.optionalText("requestID", atMost: Self.longestWord)
        systemFingerprint = try reader.optionalText("systemFingerprint", atMost: Self.longestWord)
        usage = try reader.counted("usage")
        written = WrittenVersion(Self.version)
        try reader.endObject()
    }
}

extension Usage {
    /// The same, with what the provider didn't count estimated from the sizes of the request and of the answer.
    fileprivate func completed(by result: ChatResult, _ requestBytes: () -> Int?) -> Usage {
        var usage = self
        if input == nil, let bytes = requestBytes() { usage.input = TokenEstimate.tokens(inBytes: bytes) }
        if output == nil {
            usage.output = TokenEstimate.tokens(
                inBytes: result.text.utf8.count + (result.reasoning?.utf8.count ?? 0))
        }
        return usage
    }
}
