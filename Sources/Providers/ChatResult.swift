package import CanonicalJSON

/// Why an answer ended, in the words that all providers share.
package enum FinishReason: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
    case stop
    case length
    case contentFilter
    case refusal
    case toolCalls
    case error
    /// Nothing, or a word that we don't know; the original is beside it in `ChatResult.finishOriginal`.
    case unknown
}

/// Tokens that an answer cost, as the provider counted them.
///
/// Absent is not zero.
package struct Usage: Sendable, Equatable, CanonicalCodable {
    /// All tokens read, cached ones included.
    package var input: Int?
    /// All tokens written, reasoning included.
    package var output: Int?
    /// Of `input`: read from the provider's cache.
    package var cacheRead: Int?
    /// Of `input`: written to the provider's cache.
    package var cacheWrite: Int?
    /// Of `output`: spent on reasoning.
    package var reasoning: Int?

    package init(
        input: Int? = nil,
        output: Int? = nil,
        cacheRead: Int? = nil,
        cacheWrite: Int? = nil,
        reasoning: Int? = nil
    ) {
        self.input = input
        self.output = output
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
        self.reasoning = reasoning
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("cacheRead", cacheRead)
        writer.optionalField("cacheWrite", cacheWrite)
        writer.optionalField("input", input)
        writer.optionalField("output", output)
        writer.optionalField("reasoning", reasoning)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        cacheRead = try reader.optionalField("cacheRead")
        cacheWrite = try reader.optionalField("cacheWrite")
        input = try reader.optionalField("input")
        output = try reader.optionalField("output")
        reasoning = try reader.optionalField("reasoning")
        try reader.endObject()
    }
}

/// What a model answered, read from the provider's bytes by an adapter.
package struct ChatResult: Sendable, Equatable {
    /// The answer; empty when the model only refused, called tools, or spent its limit on reasoning.
    package var text: String
    package var finish: FinishReason
    /// The provider's own word for the finish; absent when it gave none.
    package var finishOriginal: String?
    /// The model that the provider says it was: often a dated snapshot.
    ///
    /// Local servers echo the request.
    package var modelAnswered: String?
    package var systemFingerprint: String?
    /// The id in the body.
    package var responseID: String?
    /// The id in a header, which the provider's support asks for.
    package var requestID: String?
    package var usage: Usage
    /// The model's own words of refusal.
    package var refusal: String?
    /// What the model thought before it answered, where the provider shows it.
    package var reasoning: String?

    package init(
        text: String,
        finish: FinishReason,
        finishOriginal: String? = nil,
        modelAnswered: String? = nil,
        systemFingerprint: String? = nil,
        responseID: String? = nil,
        requestID: String? = nil,
        usage: Usage = Usage(),
        refusal: String? = nil,
        reasoning: String? = nil
    ) {
        self.text = text
        self.finish = finish
        self.finishOriginal = finishOriginal
        self.modelAnswered = modelAnswered
        self.systemFingerprint = systemFingerprint
        self.responseID = responseID
        self.requestID = requestID
        self.usage = usage
        self.refusal = refusal
        self.reasoning = reasoning
    }
}
