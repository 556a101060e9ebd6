/// What is known of how the providers count and report their limits: one row per wire format.
package struct RateFacts: Equatable, Sendable {
    /// How a reset is written.
    package enum ResetForm: Equatable, Sendable {
        /// `6m0s`: until the limit is whole again.
        case goDuration
        /// RFC 3339: when it is whole again.
        case moment
    }

    /// The names of one limit's header fields.
    package struct Fields: Equatable, Sendable {
        package let dimension: RateDimension
        package let limit: String
        package let remaining: String
        /// Nil where none is sent.
        package let reset: String?
        package let form: ResetForm
    }

    package let fields: [Fields]
    /// Whether tokens read from the provider's cache count as input.
    package let countsCachedInput: Bool
    /// Whether a refusal means too many calls at once rather than too many per minute.
    package let refusesForConcurrency: Bool

    package init(fields: [Fields] = [], countsCachedInput: Bool = true, refusesForConcurrency: Bool = false) {
        self.fields = fields
        self.countsCachedInput = countsCachedInput
        self.refusesForConcurrency = refusesForConcurrency
    }

    /// By adapter; an adapter that isn't here tells nothing.
    package static func of(adapter: String) -> RateFacts {
        switch adapter {
        case "openai.chat", "openai.responses", "xai.chat": openAI
        case "anthropic.messages": anthropic
        case "mistral.chat": mistral
        case "deepseek.chat": deepSeek
        default: RateFacts()
        }
    }

    private static func openAIShaped(_ dimension: RateDimension, _ word: String) -> Fields {
        Fields(
            dimension: dimension, limit: "x-ratelimit-limit-" + word, remaining: "x-ratelimit-remaining-" + word,
            reset: "x-ratelimit-reset-" + word, form: .goDuration)
    }

    /// xAI sends the same without resets.
    private static let openAI = RateFacts(fields: [
        openAIShaped(.requests, "requests"), openAIShaped(.tokens, "tokens"),
    ])

    private static func anthropicShaped(_ dimension: RateDimension, _ word: String) -> Fields {
        let prefix = "anthropic-ratelimit-" + word
        return Fields(
            dimension: dimension, limit: prefix + "-limit", remaining: prefix + "-remaining", reset: prefix + "-reset",
            form: .moment)
    }

    /// The `tokens` fields repeat whichever limit is the narrowest, so they aren't read.
    private static let anthropic = RateFacts(
        fields: [
            anthropicShaped(.requests, "requests"), anthropicShaped(.inputTokens, "input-tokens"),
            anthropicShaped(.outputTokens, "output-tokens"),
        ], countsCachedInput: false)

    private static func mistralShaped(_ dimension: RateDimension, _ word: String) -> Fields {
        Fields(
            dimension: dimension, limit: "x-ratelimit-limit-" + word, remaining: "x-ratelimit-remaining-" + word,
            reset: nil, form: .goDuration)
    }

    private static let mistral = RateFacts(
        fields: [mistralShaped(.requests, "req-minute"), mistralShaped(.tokens, "tokens-minute")])

    private static let deepSeek = RateFacts(refusesForConcurrency: true)
}
