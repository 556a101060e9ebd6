internal import CanonicalJSON

/// The body of a response of status 200: one JSON value or a stream of events, by what its headers say.
enum AnswerBody {
    case value(JSONValue)
    case events(SSEParser.Body)

    /// Anything else can't be read, be it a page of HTML or JSON that says it is one.
    static func read(_ body: [UInt8], headers: [String: String]) -> Result<AnswerBody, ProviderError> {
        if SSEParser.isEventStream(headers) { return .success(.events(SSEParser.events(in: body))) }
        if let type = headers["content-type"], !type.isEmpty, !type.lowercased().contains("json") {
            return .failure(.unreadable("neither JSON nor a stream of events"))
        }
        return json(body).map(AnswerBody.value)
    }

    static func json(_ body: [UInt8]) -> Result<JSONValue, ProviderError> {
        do throws(JSONError) {
            return .success(try JSONParser.parse(body))
        } catch {
            return .failure(.unreadable("not JSON at byte \(error.offset)"))
        }
    }
}
