package import HTTPTransport

/// A provider's wire format: two pure functions and the names under which what they derive is recorded.
///
/// A change of what `result` reads from the same bytes is a new `version`, as recorded results cite it.
package protocol LLMProvider: Sendable {
    /// The adapter's name in events, as in `openai.chat`.
    static var name: String { get }
    static var version: Int { get }
    /// Names, in lower case, of the response headers worth recording: useful and not secret.
    ///
    /// `result` reads no others, so that a recorded exchange gives the same result as the live one.
    static var recordedHeaders: [String] { get }

    /// Why a request had better not be sent, since the provider is known to refuse it; nil if nothing speaks against it.
    static func objection(to chat: ChatRequest) -> String?

    /// The exchange to perform; equal arguments give equal bytes. The label is left to the caller.
    static func request(_ chat: ChatRequest, endpoint: Endpoint, key: APIKey?) -> HTTPRequest

    /// What a response means. Header names are in lower case; total: any bytes give a result or an error.
    ///
    /// A body of type `text/event-stream` is put together from its events: the result is that of the same answer in one piece.
    static func result(
        status: Int, headers: [String: String], body: [UInt8]
    ) -> Result<ChatResult, ProviderError>

    /// The offset in a streamed body just behind the event with the first piece of an answer, be it text or reasoning.
    ///
    /// Nil if there is none.
    static func firstToken(in body: [UInt8]) -> Int?
}

extension LLMProvider {
    package static func objection(to chat: ChatRequest) -> String? { nil }

    /// The headers of a response that are worth recording; of a repeated one the first.
    package static func recorded(_ headers: [HTTPHeader]) -> [String: String] {
        var kept: [String: String] = [:]
        for header in headers where recordedHeaders.contains(header.name) && kept[header.name] == nil {
            kept[header.name] = header.value
        }
        return kept
    }
}
