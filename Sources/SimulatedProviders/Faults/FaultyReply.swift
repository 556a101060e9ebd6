internal import CanonicalJSON
internal import Determinism
internal import NIOCore
internal import NIOHTTP1

/// The replies by which a provider fails.
struct FaultyReply {
    let reply: ReplyMaker
    let completion: Completion
    let rule: FaultRule

    private static let hugeBytes = 100_000_000
    private static let slowDefault = Microseconds.milliseconds(500)
    private static let drops = 20

    func make(_ fault: Fault) -> Reply {
        let limited = limited(by: fault)
        if let condition = fault.condition(model: completion.request.model, limited: limited.words) {
            if case .rateLimited = condition { return reply.error(condition, extra: limited.headers) }
            return reply.error(condition)
        }
        switch fault {
        case .redirect: return redirect()
        case .hang: return Reply.silent
        case .slowHeaders, .slowBody, .keepAlive: return slow(fault)
        case .close: return broken(.cut)
        case .reset: return broken(.reset)
        case .invalidJSON, .html, .emptyObject, .emptyBody, .duplicateKeys, .huge: return nonsense(fault)
        case .streamTruncated, .streamCut, .streamError: return brokenStream(fault)
        default: return other(fault)
        }
    }

    // MARK: Answers of another kind

    private func other(_ fault: Fault) -> Reply {
        var completion = completion
        switch fault {
        case .refusal: completion = completion.refused()
        case .safety: completion = reply.wire == .google ? completion.blocked() : completion.filtered()
        case .length: completion = completion.shortened(.length)
        case .resource: completion = completion.shortened(.resource)
        case .malformedJudge: completion = completion.withoutJudgement()
        default: completion.usage = nil
        }
        return reply.answer(completion)
    }

    private func redirect() -> Reply {
        reply.raw(
            status: 302, type: "text/html", Array("<html>Moved</html>".utf8), extra: [("location", "/elsewhere")])
    }

    // MARK: Slow

    private func slow(_ fault: Fault) -> Reply {
        var answer = reply.answer(completion)
        let delay = rule.delay ?? Self.slowDefault
        switch fault {
        case .slowHeaders: answer.wait += delay
        case .keepAlive:
            // Google's SDK can't read comments, so its API won't send any.
            let comments = completion.request.streams == .events && reply.wire != .google
            answer.precede(with: comments ? ": keep-alive\n\n" : "\n\n")
        default: answer.drip(drops: Self.drops, over: delay)
        }
        return answer
    }

    // MARK: Broken

    /// Promises more than it sends, then ends the connection.
    private func broken(_ ending: Reply.Ending) -> Reply {
        if completion.request.streams == .events { return brokenStream(.streamCut, ending) }
        var answer = reply.raw(status: 200, type: "application/json", Array(#"{"choices":[{"message":{"#.utf8))
        answer.headers.replaceOrAdd(name: "content-length", value: "1000")
        answer.ending = ending
        return answer
    }

    private func nonsense(_ fault: Fault) -> Reply {
        let streams = completion.request.streams == .events
        let type = streams ? "text/event-stream" : "application/json"
        func event(_ text: String) -> [UInt8] { Array((streams ? "data: \(text)\n\n" : text).utf8) }
        switch fault {
        case .html: return reply.raw(status: 200, type: "text/html", Array("<html><body>Hello</body></html>".utf8))
        case .emptyObject: return reply.raw(status: 200, type: type, event("{}"))
        case .emptyBody: return reply.raw(status: 200, type: type, [])
        case .duplicateKeys: return reply.raw(status: 200, type: type, doubled(streams))
        case .huge: return huge(type)
        default:
            return reply.raw(
                status: 200, type: type, event(#"{"choices":[{"message":{"role":"assistant","content":"The answer "#))
        }
    }

    /// The right answer with its first key twice; in a stream, in the first event.
    private func doubled(_ streams: Bool) -> [UInt8] {
        let body = streams ? reply.streamBytes(completion) : reply.format.body(completion)
        guard let brace = body.firstIndex(of: UInt8(ascii: "{")),
            let colon = body[brace...].firstIndex(of: UInt8(ascii: ":"))
        else { return body }
        return body[...brace] + body[(brace + 1)..<colon] + Array(":null,".utf8) + body[(brace + 1)...]
    }

    private func huge(_ type: String) -> Reply {
        var answer = reply.raw(status: 200, type: type, [])
        let chunk = ByteBuffer(repeating: UInt8(ascii: "a"), count: 100_000)
        answer.headers.replaceOrAdd(name: "content-length", value: "\(Self.hugeBytes)")
        answer.parts = [Reply.Part(bytes: chunk, times: Self.hugeBytes / chunk.readableBytes)]
        return answer
    }

    // MARK: Streams

    private func brokenStream(_ fault: Fault, _ ending: Reply.Ending = .cut) -> Reply {
        let isStream = completion.request.streams == .events
        guard isStream else {
            switch fault {
            case .streamError: return reply.error(.internalError)
            case .streamCut: return broken(ending)
            default:
                let body = reply.format.body(completion)
                return reply.raw(status: 200, type: "application/json", Array(body.prefix(body.count / 2)))
            }
        }
        if fault == .streamError { return reply.stream(reply.format.failure(after: completion)) }
        let events = reply.format.events(completion)
        var answer = reply.stream(Array(events.prefix(max(events.count / 2, 1))))
        if fault == .streamCut { answer.ending = ending }
        return answer
    }

    // MARK: Rate limits

    private func limited(by fault: Fault) -> (words: ErrorCondition.Limited, headers: [HeaderField]) {
        let delay = rule.delay ?? Microseconds.milliseconds(Int64(5 + reply.digest.word(0) % 46))
        let form = fault.retryForm ?? reply.format.retryForm
        let unit: ErrorCondition.Limited.Unit = fault == .rateLimitTokens ? .tokens : .requests
        return reply.limited(unit, limit: 600, delay: delay, form: form)
    }
}

extension Completion {
    /// A judge's answer without its JSON; other answers are as they should be.
    func withoutJudgement() -> Completion {
        guard JudgeScript(request) != nil else { return self }
        let words = "I would rather not put a number on this, but on the whole it is fine."
        return Completion(AnswerScript.Answer(text: words), to: request, digest: digest)
    }
}
