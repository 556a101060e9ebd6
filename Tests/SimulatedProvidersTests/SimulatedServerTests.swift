import CanonicalJSON
import Determinism
import HTTPTransport
import Providers
import Testing

@testable import SimulatedProviders

@Suite("SimulatedServer", .timeLimit(.minutes(2)))
struct SimulatedServerTests {
    private typealias Outcome = Result<ChatResult, ProviderError>

    @Test("an answer comes through libcurl and the adapter, the same for the same request")
    func answer() async throws {
        try await serve { transport, server in
            let request = SimulatedBody.request("sim-careful", [("user", "Why is the sky blue?")])
            let first = try await outcome(request, transport).get()
            let second = try await outcome(request, transport).get()
            #expect(first == second)
            #expect(!first.text.isEmpty)
            #expect(first.finish == .stop)
            #expect(first.modelAnswered?.hasPrefix("sim-careful-2026-") == true)
            #expect(first.systemFingerprint?.hasPrefix("fp_") == true)
            #expect(first.responseID?.hasPrefix("chatcmpl-") == true)
            #expect(first.requestID?.hasPrefix("req_") == true)
            let usage = first.usage
            #expect(try #require(usage.input) > 0 && #require(usage.output) > 0)
            #expect(usage.reasoning == 0)
            #expect(server.ledger.entries[Digest(of: request.body)]?.received == 2)
        }
    }

    @Test("the other routes answer, and unknown ones say so")
    func routes() async throws {
        try await serve { transport, server in
            let request = SimulatedBody.request("sim-hasty", [("user", "Hello?")])
            _ = try await outcome(request, transport).get()
            let models = try await transport.send(HTTPRequest(url: "http://simulated/v1/models"))
            let names = try JSONParser.parse(models.body)["data"]?.array?.compactMap { $0["id"]?.string }
            #expect(names == ["sim-average", "sim-careful", "sim-hasty", "sim-judge"])
            let stats = try await transport.send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/stats"))
            let entry = try JSONParser.parse(stats.body)["bodies"]?[Digest(of: request.body).hex]
            #expect(entry == ["answered": 1, "received": 1, "repeated": 0])
            let unknown = try await transport.send(HTTPRequest(url: "http://simulated/v1/audio"))
            #expect(unknown.status == 404)
            #expect(try JSONParser.parse(unknown.body)["error"]?["code"] == "unknown_url")
        }
    }

    @Test("a request that makes no sense, or for a model that isn't there, is an error of its class")
    func refusals() async throws {
        try await serve { transport, _ in
            let missing = await failure(SimulatedBody.request("sim-missing", [("user", "Hello?")]), transport)
            #expect(missing?.class == .notFound)
            var request = SimulatedBody.request("sim-hasty", [("user", "Hello?")])
            request.body = Array("{".utf8)
            #expect(await failure(request, transport)?.class == .invalidRequest)
        }
    }

    @Test(
        "each fault is met as its class, the request gets through afterwards, and only answers are counted",
        arguments: [
            (Fault.serverError, ProviderErrorClass.serverError, true), (.rateLimit, .rateLimit, true),
            (.close, .network, true), (.reset, .network, true), (.invalidJSON, .malformedResponse, true),
            (.huge, .malformedResponse, false),
        ])
    func faults(_ fault: Fault, _ kind: ProviderErrorClass, _ retryable: Bool) async throws {
        let simulation = Simulation(faults: [FaultRule(kinds: [fault], firstAttempts: 2)])
        let limits = TransferLimits(maxResponseBytes: 1 << 20)
        try await serve(simulation) { transport, server in
            let request = SimulatedBody.request("sim-average", [("user", "What is a tide?")], limits: limits)
            for _ in 0..<2 {
                let error = try #require(await failure(request, transport))
                #expect(error.class == kind)
                #expect(error.retryable == retryable)
                #expect((error.retryAfter != nil) == (fault == .rateLimit))
                #expect(!error.detail.contains("127.0.0.1") && !error.detail.contains("\(server.port)"))
            }
            #expect(server.ledger.total == ledger(received: 2, answered: 0))
            var patient = request
            patient.limits = TransferLimits()
            _ = try await outcome(patient, transport).get()
            let expected = ledger(received: 3, answered: 1)
            try await waitUntil { server.ledger.total == expected }
        }
    }

    @Test("a request that hangs ends when its client gives up, and gets through afterwards")
    func hang() async throws {
        let simulation = Simulation(faults: [FaultRule(kinds: [.hang], firstAttempts: 2)])
        try await serve(simulation) { transport, server in
            let patient = SimulatedBody.request("sim-average", [("user", "What is a tide?")])
            // On a busy machine a request may be given up before it arrived: only those that did are counted.
            for milliseconds in stride(from: 100, through: 10_000, by: 100) where server.ledger.total.received < 2 {
                var request = patient
                request.limits = TransferLimits(firstByteTimeout: .milliseconds(milliseconds))
                let error = try #require(await failure(request, transport))
                #expect(error.class == .timeout)
                #expect(error.retryable)
            }
            #expect(server.ledger.total.answered == 0)
            _ = try await outcome(patient, transport).get()
            try await waitUntil { server.ledger.total.answered >= 1 }
        }
    }

    @Test("a malformed judge answers without JSON once; others aren't touched by it")
    func malformedJudge() async throws {
        try await serve(Simulation(faults: [FaultRule(kinds: [.malformedJudge])])) { transport, _ in
            var judging = SimulatedBody.request("sim-judge", [])
            judging.body = JudgeScriptTests.request(range: "1–5")
            #expect(try await !outcome(judging, transport).get().text.contains("{"))
            #expect(try await outcome(judging, transport).get().text.hasPrefix(#"{"criteria":{"clarity":"#))
            let plain = SimulatedBody.request("sim-judge", [("user", "What is a tide?")])
            let first = try await outcome(plain, transport).get()
            #expect(try await outcome(plain, transport).get() == first)
        }
    }

    @Test("a repeated request after its answer is counted as such, and one after a fault isn't")
    func repeats() async throws {
        let simulation = Simulation(faults: [FaultRule(kinds: [.serverError])])
        try await serve(simulation) { transport, server in
            let request = SimulatedBody.request("sim-average", [("user", "What is a tide?")])
            for _ in 0..<2 { _ = try await transport.send(request) }
            #expect(server.ledger.total.repeated == 0)
            try await waitUntil { server.ledger.total.answered == 1 }
            _ = try await transport.send(request)
            #expect(server.ledger.total.repeated == 1)
        }
    }

    @Test("many requests at once are all answered")
    func concurrent() async throws {
        try await serve(Simulation(latencyJitter: .milliseconds(5))) { transport, server in
            let texts = await withTaskGroup(of: String?.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let request = SimulatedBody.request("sim-average", [("user", "What is tide number \(number)?")])
                        return try? await self.outcome(request, transport).get().text
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(texts.compactMap(\.self).count == 200)
            let expected = ledger(received: 200, answered: 200)
            try await waitUntil { server.ledger.total == expected }
        }
    }

    @Test("after the body nobody listens any more, also when a request hangs and when the body throws")
    func stop() async throws {
        struct Enough: Error {}
        let port = try await SimulatedServer.run { $0.port }
        await #expect(throws: TransportError.self) {
            try await CurlTransport().send(HTTPRequest(url: "http://127.0.0.1:\(port)/v1/models"))
        }
        let simulation = Simulation(faults: [FaultRule(kinds: [.hang])])
        await #expect(throws: Enough.self) {
            try await self.serve(simulation) { transport, server in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        _ = try? await transport.send(SimulatedBody.request("sim-hasty", [("user", "Hello?")]))
                    }
                    try await self.waitUntil { server.ledger.total.received == 1 }
                    group.cancelAll()
                    throw Enough()
                }
            }
        }
    }

    @Test("a port that is taken is an error, not a hang")
    func portTaken() async throws {
        _ = try await SimulatedServer.run { server in
            await #expect(throws: (any Error).self) {
                _ = try await SimulatedServer.run(port: server.port) { $0.port }
            }
        }
    }

    private func serve(
        _ simulation: Simulation = Simulation(),
        _ body: @escaping @Sendable (any Transport, SimulatedServer) async throws -> Void
    ) async throws {
        try await SimulatedServer.run(simulation) { server in
            let curl = CurlTransport()
            defer { curl.shutdown() }
            let route = RoutingTransport.Route(from: ModelCatalogue.simulatedBaseURL, to: server.baseURL)
            try await body(RoutingTransport(curl, routes: [route]), server)
        }
    }

    private func outcome(_ request: HTTPRequest, _ transport: any Transport) async -> Outcome {
        do {
            let response = try await transport.send(request)
            return OpenAIChat.result(
                status: response.status, headers: OpenAIChat.recorded(response.headers), body: response.body)
        } catch {
            return .failure(ProviderError(error))
        }
    }

    private func failure(_ request: HTTPRequest, _ transport: any Transport) async -> ProviderError? {
        switch await outcome(request, transport) {
        case .success: nil
        case .failure(let error): error
        }
    }

    private func ledger(received: Int, answered: Int) -> RequestLedger.Entry {
        var ledger = RequestLedger()
        for _ in 0..<received { _ = ledger.receive(Digest(of: "body")) }
        for _ in 0..<answered { ledger.answer(Digest(of: "body")) }
        return ledger.total
    }

    /// The server counts an answer after the client may have it, so the client has to yield to it.
    private func waitUntil(_ condition: @escaping @Sendable () -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while !condition(), ContinuousClock.now < end { await Task.yield() }
        try #require(condition())
    }
}
