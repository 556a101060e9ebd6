internal import CanonicalJSON
internal import Determinism
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Decides what every request gets: the scripts answer, this keeps the count.
///
/// All connections share it; the mutex protects what changes.
final class SimulatedProvider: Sendable {
    private struct State {
        var ledger = RequestLedger()
        var faults: FaultScript
        var limiter: RateLimiter
    }

    private let simulation: Simulation
    private let state: Mutex<State>

    /// Largest request body that is read.
    static let bodyLimit = 16 << 20

    init(_ simulation: Simulation) {
        self.simulation = simulation
        state = Mutex(State(faults: FaultScript(simulation.faults), limiter: RateLimiter(simulation.limits)))
    }

    var ledger: RequestLedger { state.withLock { $0.ledger } }

    /// Notes that a complete answer was handed over to the connection.
    func noteAnswer(to body: Digest, at now: Moment) { state.withLock { $0.ledger.answer(body, at: now.monotonic) } }

    func reply(to head: HTTPRequestHead, _ body: ByteBuffer?, at now: Moment) -> Reply {
        switch Route(head.method, head.uri) {
        case .answer(let wire, let model, let streams):
            answer(Incoming(wire: wire, model: model, streams: streams, head: head, body: body), at: now)
        case .models(let wire):
            maker(wire.format, Digest(of: "models"), now).raw(
                status: 200, type: "application/json",
                wire.format.models(simulation.models ?? Personality.models).canonicalBytes())
        case .stats:
            maker(ChatFormat.openai, Digest(of: "stats"), now).raw(
                status: 200, type: "application/json", ledger.json)
        case .unknown(let wire):
            maker(wire.format, Digest(of: head.uri), now).error(
                .unknownURL("\(head.method.rawValue) \(head.uri.prefix { $0 != "?" })"))
        }
    }

    /// A request for an answer, as it came.
    private struct Incoming {
        let wire: Wire
        let model: String?
        let streams: Route.Streaming?
        let head: HTTPRequestHead
        let body: ByteBuffer?

        /// What the ledger calls the request: the body's hash, which says all about a plain chat completion; for other
        /// formats the format is part of it, and what the path says.
        func digest(_ bytes: [UInt8]) -> Digest {
            guard wire != .openai else { return Digest(of: bytes) }
            let path = "\(wire.rawValue) \(model ?? "")\(streams == nil || streams == .no ? "" : " streamed")\n"
            return Digest(of: Array(path.utf8) + bytes)
        }
    }

    private func maker(_ format: any ProviderFormat, _ digest: Digest, _ now: Moment) -> ReplyMaker {
        ReplyMaker(format: format, digest: digest, now: now, streamPause: simulation.streamPause)
    }

    private func answer(_ incoming: Incoming, at now: Moment) -> Reply {
        let bytes = incoming.body.map { Array(buffer: $0) } ?? []
        let digest = incoming.digest(bytes)
        let format = incoming.wire.format
        let reception = state.withLock { $0.ledger.receive(digest, at: now.monotonic) }
        let maker = maker(format, digest, now)
        var reply: Reply
        do throws(ErrorReply) {
            let request = try read(incoming, bytes, digest, format)
            let answer = AnswerScript.answer(to: request, seed: request.seed)
            let completion = Completion(answer, to: request, digest: digest)
            reply = decide(completion, reception: reception, maker, at: now)
        } catch {
            reply = maker.error(error)
        }
        reply.wait += simulation.delay(of: digest)
        return reply
    }

    private func read(
        _ incoming: Incoming, _ bytes: [UInt8], _ digest: Digest, _ format: any ProviderFormat
    ) throws(ErrorReply) -> SimulatedRequest {
        if let key = simulation.key {
            guard let sent = format.key(in: incoming.head.headers) else { throw format.error(.unauthenticated) }
            guard sent == key else { throw format.error(.wrongKey) }
        }
        guard bytes.count <= Self.bodyLimit else { throw format.error(.tooLarge) }
        let request: SimulatedRequest
        if incoming.wire == .openai, let plain = (try? PlainChat(canonicalBytes: bytes))?.request(seed: digest) {
            request = plain
        } else {
            guard case .object(let body)? = try? JSONParser.parse(bytes) else { throw format.error(.malformedJSON) }
            request = try format.read(
                AskedRequest(
                    body: body, headers: incoming.head.headers, model: incoming.model, streams: incoming.streams))
        }
        guard simulation.has(request.model) else { throw format.error(.unknownModel(request.model)) }
        return request
    }

    /// Whether the request gets its answer, meets a fault, or was one too many.
    private func decide(
        _ completion: Completion, reception: Int, _ maker: ReplyMaker, at now: Moment
    ) -> Reply {
        guard !(simulation.faults.isEmpty && simulation.limits.isEmpty) else { return maker.answer(completion) }
        var maker = maker
        let request = completion.request
        let question = FaultQuestion(
            body: maker.digest, reception: reception, wire: maker.wire, model: request.model,
            streams: request.streams != .no)
        let usage = completion.usage ?? .init(input: 0, cached: 0, output: 0, reasoning: 0)
        let (admission, met) = state.withLock { state in
            let admission = state.limiter.admit(maker.wire, request.model, usage, at: now)
            if case .refused? = admission?.verdict {
                state.ledger.refuse(maker.digest, at: now.monotonic)
                return (admission, nil as (fault: Fault, rule: FaultRule)?)
            }
            let met = state.faults.fault(question)
            if let met { state.ledger.meet(met.fault) }
            return (admission, met)
        }
        maker.allowance = admission?.allowance
        if case .refused(let unit, let limit, let wait)? = admission?.verdict {
            let limited = maker.limited(unit, limit: limit, delay: wait, form: maker.format.retryForm)
            return maker.error(.rateLimited(limited.words), extra: limited.headers)
        }
        guard let met else { return maker.answer(completion) }
        return FaultyReply(reply: maker, completion: completion, rule: met.rule).make(met.fault)
    }
}
