internal import Determinism
internal import NIOCore
internal import NIOHTTP1

/// What a connection does about a request, as a value: it is played, and nothing more is decided then.
struct Reply {
    /// A piece of the body, with the pause before it.
    struct Part {
        var pause = Microseconds.zero
        var bytes: ByteBuffer
        /// How often it is sent.
        var times = 1
    }

    enum Ending {
        /// As the protocol says.
        case complete
        /// The connection is closed in the middle.
        case cut
        /// The connection is reset in the middle.
        case reset
        /// There is no response at all, until the client goes.
        case silence
    }

    var wait = Microseconds.zero
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var parts: [Part]
    var ending = Ending.complete
    /// The body that is answered by this, in the ledger's terms; nil if this is no answer.
    var answers: Digest?

    static let silent = Reply(status: .ok, headers: [:], parts: [], ending: .silence)

    /// Sends something before the body.
    mutating func precede(with text: String) {
        parts.insert(Part(bytes: ByteBuffer(string: text)), at: 0)
        guard let length = headers.first(name: "content-length").flatMap(Int.init) else { return }
        headers.replaceOrAdd(name: "content-length", value: "\(length + text.utf8.count)")
    }

    /// Spreads the body over a time, in so many drops.
    mutating func drip(drops: Int, over time: Microseconds) {
        var body = ByteBuffer()
        for var part in parts { body.writeBuffer(&part.bytes) }
        let pause = time / Int64(drops)
        let size = max((body.readableBytes + drops - 1) / drops, 1)
        parts = []
        while let drop = body.readSlice(length: min(size, body.readableBytes)), drop.readableBytes > 0 {
            parts.append(Part(pause: pause, bytes: drop))
        }
    }
}

/// Makes replies to one request: the headers that all of them have are here.
struct ReplyMaker {
    let format: any ProviderFormat
    let digest: Digest
    let now: Moment
    /// The pause between the events of a stream.
    let streamPause: Microseconds
    var allowance: Allowance?

    var wire: Wire { format.wire }

    /// 24 hexadecimal digits of the request's digest.
    private var id: String { String(digest.hex.prefix(24)) }

    func answer(_ completion: Completion) -> Reply {
        var reply =
            switch completion.request.streams {
            case .no: raw(status: 200, type: "application/json", format.body(completion))
            case .events, .array: stream(format.events(completion), completion.request.streams)
            }
        reply.answers = digest
        return reply
    }

    func stream(_ events: [StreamEvent], _ streaming: Route.Streaming = .events) -> Reply {
        var reply = raw(status: 200, type: streaming == .array ? "application/json" : "text/event-stream", [])
        reply.headers.remove(name: "content-length")
        if streamPause > .zero {
            reply.parts = events.map { Reply.Part(pause: streamPause, bytes: ByteBuffer(bytes: $0.bytes)) }
        } else {
            reply.parts = [Reply.Part(bytes: ByteBuffer(bytes: events.flatMap(\.bytes)))]
        }
        return reply
    }

    func streamBytes(_ completion: Completion) -> [UInt8] { format.events(completion).flatMap(\.bytes) }

    func error(_ condition: ErrorCondition, extra: [HeaderField] = []) -> Reply {
        error(format.error(condition), extra: extra)
    }

    func error(_ error: ErrorReply, extra: [HeaderField] = []) -> Reply {
        raw(
            status: error.status, type: error.contentType, error.bytes(id: "req_" + id), extra: error.headers + extra)
    }

    func raw(status: Int, type: String, _ body: [UInt8], extra: [HeaderField] = []) -> Reply {
        var headers = HTTPHeaders()
        headers.reserveCapacity(8)
        headers.add(name: "content-type", value: type)
        headers.add(name: "content-length", value: "\(body.count)")
        headers.add(name: "date", value: now.date)
        headers.add(name: "server", value: "simulated")
        for (name, value) in format.headers(id: id, allowance) { headers.add(name: name, value: value) }
        for (name, value) in extra { headers.add(name: name, value: value) }
        return Reply(
            status: HTTPResponseStatus(statusCode: status), headers: headers,
            parts: body.isEmpty ? [] : [Reply.Part(bytes: ByteBuffer(bytes: body))])
    }

    /// A refusal for its rate: what is said of it, and the headers that say when to come again.
    func limited(
        _ unit: ErrorCondition.Limited.Unit, limit: Int, delay: Microseconds, form: RetryForm
    ) -> (words: ErrorCondition.Limited, headers: [HeaderField]) {
        let milliseconds = max((delay.count + 999) / 1_000, 1)
        let seconds = (delay.count + 999_999) / 1_000_000
        let fraction = RetryText.seconds(delay)
        var words = ErrorCondition.Limited(unit: unit, limit: limit, milliseconds: milliseconds)
        let inMilliseconds: HeaderField = ("retry-after-ms", "\(milliseconds)")
        let inSeconds: HeaderField = ("retry-after", "\(max(seconds, 1))")
        switch form {
        case .millisecondsAndSeconds: return (words, [inMilliseconds, inSeconds])
        case .seconds: return (words, [inSeconds])
        case .milliseconds: return (words, [inMilliseconds])
        case .fraction: return (words, [("retry-after", fraction)])
        case .date:
            return (words, [("retry-after", HTTPDate.text((now.wall + .seconds(max(seconds, 1))).microseconds))])
        case .none: return (words, [])
        case .info:
            guard wire == .google else { return (words, [("retry-after", fraction)]) }
            words.retryInfo = fraction + "s"
            return (words, [])
        }
    }
}
