internal import CanonicalJSON

extension GeminiGenerate {
    package static func result(
        status: Int, headers: [String: String], body: [UInt8]
    ) -> Result<ChatResult, ProviderError> {
        guard status == 200 else {
            return .failure(errorBody(try? JSONParser.parse(body), bytes: body).error(status: status, headers: headers))
        }
        if SSEParser.isEventStream(headers) { return assembled(body, headers: headers) }
        return AnswerBody.json(body).flatMap { answer in
            guard errorObject(answer) == nil else {
                return .failure(errorBody(answer).error(status: status, headers: headers))
            }
            return read(answer)
        }
    }

    /// The error of a body, which is sometimes wrapped in an array.
    static func errorObject(_ value: JSONValue) -> JSONValue? {
        let error = (value.array?.first ?? value)["error"]
        return error?.object == nil ? nil : error
    }

    /// An error's status is a word; its details name the reason, the limits exceeded, and how long to wait.
    static func errorBody(_ value: JSONValue?, bytes: [UInt8] = []) -> ErrorBody {
        guard let value else { return ErrorBody(bytes) }
        var body = ErrorBody(value)
        let error = errorObject(value)
        body.type = error?["status"]?.string ?? ""
        for detail in error?["details"]?.array ?? [] {
            switch detail["@type"]?.string?.split(separator: ".").last {
            case "ErrorInfo": body.code = detail["reason"]?.string ?? body.code
            case "QuotaFailure": body.quotas += (detail["violations"]?.array ?? []).compactMap { $0["quotaId"]?.string }
            case "RetryInfo": body.retryDelay = detail["retryDelay"]?.string
            default: break
            }
        }
        return body
    }

    /// Reads an answer in which every level may be missing; a streamed one comes here assembled.
    static func read(_ answer: JSONValue) -> Result<ChatResult, ProviderError> {
        let blocked = answer["promptFeedback"]?["blockReason"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        guard let candidate = answer["candidates"]?[0] else {
            guard let blocked else { return .failure(.unreadable("neither candidates nor a reason for blocking")) }
            return .success(result(answer, finish: .contentFilter, original: blocked))
        }
        let reason = candidate["finishReason"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        guard reason != nil || candidate["content"]?.object != nil else {
            return .failure(.unreadable("a candidate without content"))
        }
        let parts = candidate["content"]?["parts"]?.array ?? []
        let finish = reason == nil && blocked != nil ? .contentFilter : finish(reason, parts: parts)
        var result = result(answer, finish: finish, original: reason ?? blocked)
        result.text = text(of: parts, thought: false)
        let thoughts = text(of: parts, thought: true)
        result.reasoning = thoughts.isEmpty ? nil : thoughts
        return .success(result)
    }

    static func text(of parts: [JSONValue], thought: Bool) -> String {
        parts.reduce(into: "") { text, part in
            if (part["thought"]?.bool ?? false) == thought { text += part["text"]?.string ?? "" }
        }
    }

    private static func result(_ answer: JSONValue, finish: FinishReason, original: String?) -> ChatResult {
        ChatResult(
            text: "", finish: finish, finishOriginal: original, modelAnswered: answer["modelVersion"]?.string,
            responseID: answer["responseId"]?.string, usage: usage(answer["usageMetadata"]))
    }

    /// A call of a function comes with the reason `STOP`: the part decides.
    private static func finish(_ original: String?, parts: [JSONValue]) -> FinishReason {
        if parts.contains(where: { $0["functionCall"]?.object != nil }) { return .toolCalls }
        guard let original else { return .unknown }
        return finishReasons[original] ?? (original.hasPrefix("IMAGE_") ? .contentFilter : .unknown)
    }

    /// Candidates are counted without their thoughts, tool results beside the prompt.
    ///
    /// Where there is a count at all, one that is left out is 0: proto JSON leaves zeros out.
    private static func usage(_ usage: JSONValue?) -> Usage {
        guard let usage, let prompt = count(usage, "promptTokenCount"),
            let tools = count(usage, "toolUsePromptTokenCount"),
            let candidates = count(usage, "candidatesTokenCount"), let thoughts = count(usage, "thoughtsTokenCount"),
            prompt + tools + candidates + thoughts > 0
        else { return Usage() }
        return Usage(
            input: prompt + tools,
            output: candidates + thoughts,
            cacheRead: count(usage, "cachedContentTokenCount"),
            reasoning: thoughts)
    }

    private static func count(_ usage: JSONValue, _ name: String) -> Int? {
        usage[name] == nil ? 0 : TokenCount.read(usage[name])
    }
}
