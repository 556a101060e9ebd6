import CanonicalJSON
import Deciders
import Determinism
import EventLog
import HTTPTransport
import Jobs
import Providers
import Testing

@testable import Calls

@Suite struct CallExecutorTests {
    private func text(_ outcome: CallOutcome) -> String? {
        if case .answered(let answer) = outcome { answer.text } else { nil }
    }

    @Test func `asks, records and answers`() async throws {
        let desk = try Desk()
        let transport = ScriptedTransport(
            .response(
                200, Sample.body,
                [HTTPHeader(name: "x-request-id", value: "r9"), HTTPHeader(name: "set-cookie", value: "secret")]))
        let outcome = try await desk.executor(transport).ask(desk.question(), in: try await desk.lease())
        guard case .answered(let answer) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(answer.text == "Seven.")
        #expect(try desk.history() == ["callStarted", "callCompleted"])
        #expect(answer.position == (try desk.events().last?.position))
        #expect(answer.completed.exchange.headers == ["x-request-id": "r9"])
        #expect(answer.completed.cost == 37_000)
        #expect(try desk.log.blob(answer.completed.exchange.body) == Sample.body)
        #expect(transport.requests.map(\.label) == ["\(desk.question().id)#1"])
        #expect(try desk.divergences() == [])
    }

    @Test func `the intent and its request are on disk before anything is sent`() async throws {
        struct Looking: Transport {
            let look: @Sendable (HTTPRequest) throws -> Void
            func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
                do { try look(request) } catch { throw TransportError(kind: .other, message: "\(error)") }
                return HTTPResponse(status: 200, body: Sample.body)
            }
        }
        let desk = try Desk()
        let job = try await desk.lease()
        let transport = Looking { request in
            let started = try #require(try desk.events().last).decode(CallStarted.self)
            #expect(try desk.log.blob(started.request) == request.body)
        }
        #expect(text(try await desk.executor(transport).ask(desk.question(), in: job)) == "Seven.")
    }

    @Test func `an answered question is never sent again`() async throws {
        let desk = try Desk()
        let transport = ScriptedTransport(.response(200, Sample.body))
        let job = try await desk.lease()
        _ = try await desk.executor(transport).ask(desk.question(), in: job)
        let size = try desk.log.head().size
        let again = try await desk.executor(transport).ask(desk.question(), in: job)
        #expect(text(again) == "Seven.")
        #expect(transport.requests.count == 1)
        #expect(try desk.log.head().size == size)
    }

    @Test func `500, then 200: a retry is decided, waited for, and answered`() async throws {
        let desk = try Desk()
        let transport = ScriptedTransport(.response(500, Array("oops".utf8)), .response(200, Sample.body))
        let outcome = try await desk.executor(transport).ask(desk.question(), in: try await desk.lease())
        #expect(text(outcome) == "Seven.")
        #expect(try desk.history() == ["callStarted", "callFailed", "retryDecided", "callStarted", "callCompleted"])
        let retry = try desk.events()[2].decode(CallRetryDecided.self)
        #expect(try desk.events()[3].time >= retry.notBefore)
        #expect(transport.requests.map(\.label).map { $0.suffix(2) } == ["#1", "#2"])
        #expect(try desk.divergences() == [])
    }

    @Test func `Retry-After is heeded`() async throws {
        let desk = try Desk()
        let transport = ScriptedTransport(
            .response(429, Array("{}".utf8), [HTTPHeader(name: "retry-after", value: "7")]), .response(200, Sample.body)
        )
        _ = try await desk.executor(transport).ask(desk.question(), in: try await desk.lease())
        #expect(try desk.events()[2].decode(CallRetryDecided.self).delay == .seconds(7))
        #expect(try desk.divergences() == [])
    }

    @Test func `by the second rule a question refused ten times is answered within two attempts that count`()
        async throws
    {
        let desk = try Desk()
        let refused = ScriptedTransport.Answer.response(
            429, Array("{}".utf8), [HTTPHeader(name: "retry-after", value: "1")])
        let transport = ScriptedTransport(
            Array(repeating: refused, count: 10) + [.response(500, Array("oops".utf8)), .response(200, Sample.body)])
        let question = desk.question(attempts: 2, rule: .refusalsAreFree)
        let outcome = try await desk.executor(transport).ask(question, in: try await desk.lease())
        #expect(text(outcome) == "Seven.")
        let versions = try desk.events().filter { $0.type == CallRetryDecided.type }.map {
            try $0.metadata().cause?.function
        }
        #expect(versions == Array(repeating: FunctionReference(name: "calls.retry", version: 2), count: 11))
        let sent = try desk.events().count { $0.type == CallStarted.type }
        let refusals = try desk.events().filter { $0.type == CallFailed.type }.count {
            try $0.decode(CallFailed.self).class == .rateLimit
        }
        #expect((sent, refusals) == (12, 10))
        print("limits: a call refused \(refusals) times: \(sent) sent, \(sent - refusals) of 2 attempts spent")
        #expect(try desk.divergences() == [])
    }

    @Test func `by the first rule refusals use the attempts up, as they always did`() async throws {
        let desk = try Desk()
        let transport = ScriptedTransport(.response(429, Array("{}".utf8)), .response(429, Array("{}".utf8)))
        let outcome = try await desk.executor(transport).ask(desk.question(attempts: 2), in: try await desk.lease())
        guard case .failed(let failure) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(failure.class == .rateLimit)
        let cause = try desk.events()[2].metadata().cause
        #expect(cause?.function == FunctionReference(name: "calls.retry", version: 1))
        #expect(try desk.divergences() == [])
    }

    @Test func `a permanent failure ends it at once, and a later attempt of the job asks afresh`() async throws {
        let desk = try Desk()
        let transport = ScriptedTransport(.response(401, Array("{}".utf8)), .response(200, Sample.body))
        let job = try await desk.lease()
        let outcome = try await desk.executor(transport).ask(desk.question(), in: job)
        guard case .failed(let failure) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect((failure.class, failure.retryable) == (.auth, false))
        #expect(try desk.history() == ["callStarted", "callFailed"])
        #expect(text(try await desk.executor(transport).ask(desk.question(), in: job)) == "Seven.")
        #expect(try desk.history() == ["callStarted", "callFailed", "callStarted", "callCompleted"])
    }

    @Test func `what can't be read is asked for once more, and then it fails`() async throws {
        let desk = try Desk()
        let transport = ScriptedTransport(.response(200, Array("{not json".utf8)), .response(200, []))
        let outcome = try await desk.executor(transport).ask(desk.question(), in: try await desk.lease())
        guard case .failed(let failure) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(failure.class == .malformedResponse)
        #expect(transport.requests.count == 2)
        #expect(try desk.divergences() == [])
    }

    @Test func `a connection that breaks leaves its evidence`() async throws {
        let desk = try Desk()
        let transport = ScriptedTransport(
            .failure(
                TransportError(kind: .closedEarly, message: "ended inside the body", partialBody: Array("{\"cho".utf8))),
            .response(200, Sample.body))
        _ = try await desk.executor(transport).ask(desk.question(), in: try await desk.lease())
        let failed = try desk.events()[1].decode(CallFailed.self)
        guard case .transport(let failure) = failed.evidence else { return #expect(Bool(false), "\(failed)") }
        #expect(failure.kind == .closedEarly)
        #expect(try desk.log.blob(try #require(failure.partialBody)) == Array("{\"cho".utf8))
        #expect(try desk.divergences() == [])
    }

    @Test func `cut while it waits, it records nothing, and the next worker declares the outcome unknown`() async throws
    {
        let desk = try Desk()
        let job = try await desk.lease()
        let hanging = ScriptedTransport(.hang)
        let asking = Task { try await desk.executor(hanging).ask(desk.question(), in: job) }
        try await hanging.isHanging.wait()
        asking.cancel()
        await #expect(throws: CancellationError.self) { try await asking.value }
        #expect(try desk.history() == ["callStarted"])
        let taken = try await desk.lease(to: Sample.b, after: Sample.a)
        let transport = ScriptedTransport(.response(200, Sample.body))
        let outcome = try await desk.executor(transport, worker: Sample.b).ask(desk.question(), in: taken)
        #expect(text(outcome) == "Seven.")
        #expect(
            try desk.history() == ["callStarted", "callOutcomeUnknown", "retryDecided", "callStarted", "callCompleted"])
        let unknown = try desk.events()[1].decode(CallOutcomeUnknown.self)
        #expect(unknown == CallOutcomeUnknown(attempt: 1, started: try desk.events()[0].position))
        #expect(transport.requests.map(\.label) == ["\(desk.question().id)#2"])
        #expect(try desk.divergences() == [])
    }

    @Test func `a worker that lost the job can't record its answer`() async throws {
        let desk = try Desk()
        let job = try await desk.lease()
        let question = desk.question()
        struct Thieving: Transport {
            let steal: @Sendable () async throws -> Void
            func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
                do { try await steal() } catch { throw TransportError(kind: .other, message: "\(error)") }
                return HTTPResponse(status: 200, body: Sample.answer("Late."))
            }
        }
        let slow = Thieving {
            let taken = try await desk.lease(to: Sample.b, after: Sample.a)
            let quick = desk.executor(ScriptedTransport(.response(200, Sample.body)), worker: Sample.b)
            #expect(text(try await quick.ask(question, in: taken)) == "Seven.")
        }
        await #expect(throws: LeaseLost.self) { try await desk.executor(slow).ask(question, in: job) }
        #expect(text(try await desk.executor(ScriptedTransport()).ask(question, in: job)) == "Seven.")
    }

    @Test func `the lease is renewed before a call that would begin in its second half`() async throws {
        let desk = try Desk(lease: LeasePolicy(length: .seconds(100)))
        let job = try await desk.lease()
        desk.clock.advance(to: Sample.at(60))
        let transport = ScriptedTransport(.response(200, Sample.body))
        _ = try await desk.executor(transport).ask(desk.question(), in: job)
        let events = try desk.log.read(.forward, from: nil, matching: .all, limit: 100).events.map(\.type.text)
        #expect(
            events == [
                "job.submitted", "job.leased", "job.leaseRenewed", "llm.callStarted", "llm.callCompleted",
            ])
    }

    @Test func `without a lease nothing is sent`() async throws {
        let desk = try Desk(lease: LeasePolicy(length: .seconds(100)))
        let job = try await desk.lease()
        desk.clock.advance(to: Sample.at(101))
        let transport = ScriptedTransport(.response(200, Sample.body))
        await #expect(throws: LeaseLost.self) { try await desk.executor(transport).ask(desk.question(), in: job) }
        #expect(transport.requests.isEmpty)
        #expect(try desk.history() == [])
    }

    @Test func `a key is sent and never recorded`() async throws {
        let desk = try Desk()
        let transport = ScriptedTransport(.response(401, Array("{}".utf8)))
        _ = try await desk.executor(transport).ask(desk.question(), in: try await desk.lease())
        let sent = try #require(transport.requests.first)
        #expect(sent.headers.contains { $0.value.contains("sk-very-secret") && $0.isSecret })
        for event in try desk.log.read(.forward, from: nil, matching: .all, limit: 100).events {
            #expect(!String(decoding: event.record, as: UTF8.self).contains("sk-very-secret"))
        }
    }

    @Test func `an answer whose body was erased is named, not asked for again`() async throws {
        let desk = try Desk()
        let job = try await desk.lease()
        let calls = CommandHandler<Call>(log: desk.log, effects: desk.effects, worker: Sample.a.rawValue)
        let question = desk.question()
        try await calls.handle(question.id.rawValue) { .start(Sample.intent(), at: $0) }
        try await calls.handle(question.id.rawValue) { _ in .complete(Sample.completed(), by: Sample.a) }
        let transport = ScriptedTransport()
        await #expect(throws: CallRecordError.bodyMissing(question.id, Digest(of: Sample.body))) {
            try await desk.executor(transport).ask(question, in: job)
        }
        #expect(transport.requests.isEmpty)
    }
}
