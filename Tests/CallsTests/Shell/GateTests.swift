import Deciders
import Determinism
import EventLog
import HTTPTransport
import Jobs
import Providers
import Synchronization
import Testing

@testable import Calls

/// Streams, reuse and reservations, from the gate to the record and back.
@Suite struct GateTests {
    private static func piece(_ text: String) -> String {
        #"data: {"id":"c","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"content":""#
            + text + #""},"finish_reason":null}]}"# + "\n\n"
    }

    private static let end =
        #"data: {"id":"c","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#
        + "\n\ndata: [DONE]\n\n"

    private struct Streaming: Transport {
        let body: [UInt8]
        let arrivals: [Arrival]

        func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
            #expect(request.recordsArrivals)
            return HTTPResponse(
                status: 200, headers: [HTTPHeader(name: "content-type", value: "text/event-stream")], body: body,
                arrivals: arrivals)
        }
    }

    private func question(_ desk: Desk, attempts: Int = 4) -> Question {
        let plain = desk.question(attempts: attempts)
        var chat = plain.chat
        chat.streams = true
        return Question(
            id: plain.id, purpose: plain.purpose, turn: 0, provider: plain.provider, adapter: OpenAIChatStream.self,
            endpoint: plain.endpoint, keyVariable: nil, chat: chat, terms: plain.terms)
    }

    @Test func `a streamed answer records when its first piece came, and estimates what wasn't counted`() async throws {
        let desk = try Desk()
        let pieces = [Self.piece(""), Self.piece("Sev"), Self.piece("en.") + Self.end].map { Array($0.utf8) }
        let offsets = [pieces[0].count, pieces[0].count + pieces[1].count, pieces.reduce(0) { $0 + $1.count }]
        let transport = Streaming(
            body: pieces.flatMap { $0 },
            arrivals: zip(offsets, [10, 20, 30]).map { Arrival(offset: $0, microseconds: $1) })
        let job = try await desk.lease()
        let outcome = try await desk.executor(transport).ask(question(desk), in: job)
        guard case .answered(let answer) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(answer.text == "Seven.")
        #expect(answer.completed.exchange.firstToken == Microseconds(20))
        #expect(answer.completed.estimated && answer.completed.usage.output == 2)
        let started = try #require(try desk.events().first)
        #expect(try started.decode(CallStarted.self).stream && started.version == 2)
        #expect(try desk.divergences() == [])
        let replayed = RecordedTransport(recorded: desk.log) {}
        let response = try await replayed.send(HTTPRequest(url: "http://x", label: "\(question(desk).id)#1"))
        #expect(response.arrivals == [Arrival(offset: transport.body.count, microseconds: 20)])
    }

    @Test func `a stream that is cut may pass by itself, and its part is kept`() async throws {
        let desk = try Desk()
        let part = Array(Self.piece("Sev").utf8)
        let transport = Streaming(body: part, arrivals: [Arrival(offset: part.count, microseconds: 5)])
        let outcome = try await desk.executor(transport).ask(question(desk, attempts: 1), in: try await desk.lease())
        guard case .failed(let failed) = outcome, case .exchange(let exchange) = failed.evidence else {
            return #expect(Bool(false), "\(outcome)")
        }
        #expect(failed.retryable && failed.mayBeCharged)
        #expect(exchange.firstToken == Microseconds(5))
        #expect(try desk.log.blob(exchange.body) == part)
        #expect(try desk.divergences() == [])
    }

    /// Says the same to everybody, and keeps what it heard.
    private final class Scripted: CallGate {
        let answer: @Sendable (CallTicket) throws -> CallAdmission
        let heard = Mutex<[CallSettlement.End]>([])

        init(_ answer: @escaping @Sendable (CallTicket) throws -> CallAdmission) { self.answer = answer }

        func admit(_ ticket: CallTicket, in slot: JobSlot) async throws -> CallAdmission { try answer(ticket) }
        func settle(_ ticket: CallTicket, _ settlement: CallSettlement) {
            heard.withLock { $0.append(settlement.end) }
        }
    }

    private func executor(_ desk: Desk, _ transport: any Transport, _ gate: any CallGate) -> CallExecutor {
        CallExecutor(
            run: Sample.run, worker: Sample.a, log: desk.log, effects: desk.effects, transport: transport,
            keys: { _ in nil }, gate: gate)
    }

    @Test func `a call that is put off leaves no trace, and what is kept back for one is in its intent`() async throws {
        let desk = try Desk()
        let job = try await desk.lease()
        let closed = Scripted { _ in throw CallDeferred(reason: "not now") }
        await #expect(throws: CallDeferred.self) {
            _ = try await executor(desk, ScriptedTransport(), closed).ask(desk.question(), in: job)
        }
        #expect(try desk.events().isEmpty)
        let permit = CallPermit(reserved: Reservation(cost: 7, tokens: 8))
        let open = Scripted { _ in .sending(permit) }
        let transport = ScriptedTransport(.response(200, Sample.body))
        _ = try await executor(desk, transport, open).ask(desk.question(), in: job)
        #expect(try desk.events().first?.decode(CallStarted.self).reserved == permit.reserved)
        let replay = ReplayGate(Sample.a, in: desk.log) { _ in true }
        let place = Place(stream: try StreamName(category: "call", id: desk.question().id.rawValue), revision: 0)
        let ticket = CallTicket(
            call: desk.question().id, attempt: 1, job: job.id, provider: "p", adapter: "a", endpoint: "e", model: "m",
            keyVariable: nil, place: place, deferBy: Sample.at(9), request: Digest(of: "r"),
            estimate: TokenEstimate(bodyBytes: 1, outputCeiling: nil))
        #expect(try await replay.admit(ticket) == .sending(permit))
        guard case .answered? = open.heard.withLock({ $0.last }) else { return #expect(Bool(false), "not settled") }
    }

    @Test func `in replay a call that was put off and made under a later lease is put off again`() async throws {
        let desk = try Desk()
        let first = try await desk.lease()
        let jobs = CommandHandler<Job>(log: desk.log, effects: desk.effects, worker: Sample.a.rawValue)
        let length = desk.lease.length
        let revision = first.lease.loaded.revision
        try await jobs.handle(Sample.job.rawValue) { .release(by: Sample.a, at: $0) }
        let again = try await jobs.handle(Sample.job.rawValue) { .lease(to: Sample.a, at: $0, for: length) }
        let held = HeldLease(of: Sample.job, by: Sample.a, policy: desk.lease, jobs: jobs, loaded: again.loaded)
        let second = RunningJob(
            id: Sample.job, attempt: 1, submission: first.submission, worker: Sample.a, lease: held)
        _ = try await desk.executor(ScriptedTransport(.response(200, Sample.body))).ask(desk.question(), in: second)
        let replay = ReplayGate(Sample.a, in: desk.log) { _ in true }
        await #expect(throws: CallDeferred.self) { _ = try await replay.admit(try ticket(desk, revision)) }
        #expect(try await replay.admit(try ticket(desk, again.loaded.revision)) == .send)
    }

    /// A ticket of the job's first call under a lease.
    private func ticket(
        _ desk: Desk, _ lease: Revision?, notBefore: Timestamp? = nil, deferBy: Timestamp = Sample.at(9),
        gap: Range<Timestamp>? = nil
    ) throws -> CallTicket {
        let place = Place(stream: try StreamName(category: "call", id: desk.question().id.rawValue), revision: 0)
        return CallTicket(
            call: desk.question().id, attempt: 1, job: Sample.job, provider: "p", adapter: "a", endpoint: "e",
            model: "m", keyVariable: nil, place: place, notBefore: notBefore, deferBy: deferBy, gap: gap,
            leaseRevision: lease, request: Digest(of: "r"),
            estimate: TokenEstimate(bodyBytes: 1, outputCeiling: nil))
    }

    @Test func `a retry waits no longer than the lease is sure, and a call not between its end and a renewal`()
        async throws
    {
        let desk = try Desk()
        let gate = RunGate(inner: OpenGate(), log: desk.log, effects: desk.effects)
        let far = try ticket(desk, nil, notBefore: Sample.at(60), deferBy: Sample.at(30))
        await #expect(throws: CallDeferred.self) { _ = try await gate.admit(far) }
        #expect(desk.clock.time >= Sample.at(30) && desk.clock.time < Sample.at(31))
        await #expect(throws: CallDeferred.self) { _ = try await gate.admit(far) }
        #expect(desk.clock.time < Sample.at(31))
        #expect(try await gate.admit(try ticket(desk, nil, notBefore: Sample.at(40), deferBy: Sample.at(50))) == .send)
        #expect(desk.clock.time >= Sample.at(40) && desk.clock.time < Sample.at(41))
        #expect(try await gate.admit(try ticket(desk, nil, gap: Sample.at(39)..<Sample.at(45))) == .send)
        #expect(desk.clock.time >= Sample.at(45) && desk.clock.time < Sample.at(46))
        #expect(try await gate.admit(try ticket(desk, nil, gap: Sample.at(39)..<Sample.at(45))) == .send)
        #expect(desk.clock.time < Sample.at(46))
    }

    @Test func `a call goes out with a slot, or is put off when none comes as long as the lease is sure`() async throws
    {
        let desk = try Desk()
        let inner = Scripted { _ in .send }
        let gate = RunGate(inner: inner, log: desk.log, effects: desk.effects)
        let slot = JobSlot()
        let retry = try ticket(desk, nil, notBefore: Sample.at(20), deferBy: Sample.at(50))
        #expect(try await gate.admit(retry, in: slot) == .send)
        #expect(!slot.isAside)
        let asks = Mutex(0)
        let full = JobSlot(leave: {}, ask: { _ in asks.withLock { $0 += 1 } })
        let late = try ticket(desk, nil, notBefore: Sample.at(60), deferBy: Sample.at(90))
        await #expect(throws: CallDeferred.self) { _ = try await gate.admit(late, in: full) }
        #expect(asks.withLock { $0 } == 1)
        #expect(inner.heard.withLock { $0 } == [.unsent])
    }

    @Test func `in replay a call that came too late for its lease is lost again`() async throws {
        let desk = try Desk()
        let first = try await desk.lease()
        let revision = first.lease.loaded.revision
        let replay = ReplayGate(Sample.a, in: desk.log) { _ in true }
        #expect(try await replay.admit(try ticket(desk, revision)) == .send)
        let jobs = CommandHandler<Job>(log: desk.log, effects: desk.effects, worker: Sample.a.rawValue)
        let policy = desk.lease
        desk.clock.advance(to: Sample.at(9_000))
        try await jobs.handle(Sample.job.rawValue) {
            .expire(from: Sample.a, at: $0, reason: .deadline, policy: policy)
        }
        await #expect(throws: LeaseLost.self) { _ = try await replay.admit(try ticket(desk, revision)) }
        let again = try await jobs.handle(Sample.job.rawValue) { .lease(to: Sample.a, at: $0, for: policy.length) }
        let held = HeldLease(of: Sample.job, by: Sample.a, policy: policy, jobs: jobs, loaded: again.loaded)
        let second = RunningJob(
            id: Sample.job, attempt: 1, submission: first.submission, worker: Sample.a, lease: held)
        _ = try await desk.executor(ScriptedTransport(.response(200, Sample.body))).ask(desk.question(), in: second)
        await #expect(throws: LeaseLost.self) { _ = try await replay.admit(try ticket(desk, revision)) }
        #expect(try await replay.admit(try ticket(desk, again.loaded.revision)) == .send)
    }

    @Test func `in replay a lease is renewed for a call that the worker was killed before beginning`() async throws {
        let desk = try Desk()
        let job = try await desk.lease()
        let revision = job.lease.loaded.revision
        try await job.lease.renew()
        let replay = ReplayGate(Sample.a, in: desk.log) { _ in true }
        #expect(try await replay.admit(try ticket(desk, revision)) == .renewing)
        #expect(try await replay.admit(try ticket(desk, job.lease.loaded.revision)) == .send)
        let other = ReplayGate(Sample.b, in: desk.log) { _ in true }
        #expect(try await other.admit(try ticket(desk, revision)) == .send)
    }

    @Test func `a call renews its lease when the gate says so, and asks again`() async throws {
        let desk = try Desk()
        let job = try await desk.lease()
        let revision = job.lease.loaded.revision
        let gate = Scripted { $0.leaseRevision == revision ? .renewing : .send }
        let transport = ScriptedTransport(.response(200, Sample.body))
        _ = try await executor(desk, transport, gate).ask(desk.question(), in: job)
        let lease = try desk.log.readStream(StreamName(category: Job.category, id: Sample.job.rawValue)).last
        #expect(lease?.hasType(JobLeaseRenewed.type) == true)
        #expect(try desk.events().map(\.type) == [CallStarted.type, CallCompleted.type])
    }

    @Test func `an answer that is reused is recorded with its origin, and nothing is sent`() async throws {
        let desk = try Desk()
        let job = try await desk.lease()
        let transport = ScriptedTransport(.response(200, Sample.body))
        _ = try await desk.executor(transport).ask(desk.question(), in: job)
        let origin = try #require(try desk.events().last?.position)
        let gate = Scripted { _ in .reuse(origin: origin) }
        let outcome = try await executor(desk, transport, gate).ask(desk.question(turn: 1), in: job)
        guard case .answered(let answer) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(answer.text == "Seven." && transport.requests.count == 1)
        let event = try #require(try desk.events(turn: 1).last)
        #expect(answer.position == event.position)
        let reused = try event.decode(CallReused.self)
        #expect(reused.position == origin && reused.origin == desk.question().id)
        #expect(try desk.history(turn: 1) == ["callReused"])
        #expect(try desk.divergences() == [])
        let again = try await executor(desk, transport, gate).ask(desk.question(turn: 1), in: job)
        #expect(again == outcome)
    }
}
