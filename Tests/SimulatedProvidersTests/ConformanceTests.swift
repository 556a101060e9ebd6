import CanonicalJSON
import Determinism
import HTTPTransport
import Providers
import Testing

@testable import SimulatedProviders

/// Every adapter talks to the server in its own format, and the server is right about every one.
@Suite("Conformance of the simulated provider", .timeLimit(.minutes(3)))
struct ConformanceTests {
    private typealias Outcome = Result<ChatResult, ProviderError>

    /// A conversation that says nothing which only some formats can say.
    private static let conversation = [
        ("system", "You are a physicist."), ("user", "Why is the sky blue?"),
        ("assistant", "Light is scattered."), ("user", "And why is the sunset red?"),
    ]

    private static func chat(
        _ model: String = "sim-careful", streams: Bool, _ parameters: ChatParameters = ChatParameters(maxTokens: 300)
    ) -> ChatRequest {
        ChatRequest(
            model: model,
            messages: conversation.map { ChatMessage(role: .init(rawValue: $0.0) ?? .user, content: $0.1) },
            parameters: parameters, streams: streams)
    }

    private static let forms: [(WireFormat, Bool)] = WireFormat.allCases.flatMap { [($0, false), ($0, true)] }

    @Test("each format gives the same answer, in one piece and as a stream")
    func sameAnswer() async throws {
        try await serve { client, server in
            var texts: Set<String> = []
            for (wire, streams) in Self.forms {
                let result = try await client.outcome(wire, Self.chat(streams: streams)).get()
                texts.insert(result.text)
                #expect(result.finish == .stop, "\(wire) \(streams)")
                #expect(result.modelAnswered?.hasPrefix("sim-careful") == true, "\(wire) \(streams)")
                let usage = (result.usage.input ?? 0, result.usage.output ?? 0)
                #expect(usage.0 > 0 && usage.1 > 0, "\(wire) \(streams)")
                #expect(result.responseID != nil, "\(wire) \(streams)")
            }
            #expect(texts.count == 1)
            #expect(server.ledger.total.answered == Self.forms.count)
        }
    }

    @Test("a stream is recorded as the same answer in one piece", arguments: WireFormat.allCases)
    func streamedAsPlain(_ wire: WireFormat) async throws {
        try await serve { client, _ in
            for parameters in [ChatParameters(maxTokens: 300), ChatParameters(maxTokens: 9)] {
                var plain = try await client.outcome(wire, Self.chat(streams: false, parameters)).get()
                var streamed = try await client.outcome(wire, Self.chat(streams: true, parameters)).get()
                // The ids are those of two requests.
                (plain.requestID, plain.responseID) = (nil, nil)
                (streamed.requestID, streamed.responseID) = (nil, nil)
                #expect(plain == streamed)
                #expect((plain.finish == .length) == (parameters.maxTokens == 9))
            }
        }
    }

    /// The classes of errors by the reference, where all formats agree.
    private static let errorClasses: [(Fault, ProviderErrorClass)] = [
        (.badRequest, .invalidRequest), (.wrongKey, .auth), (.paymentRequired, .quotaExhausted),
        (.forbidden, .permission), (.unknownModel, .notFound), (.requestTimeout, .timeout),
        (.conflict, .serverError), (.tooLarge, .invalidRequest), (.unprocessable, .invalidRequest),
        (.serverError, .serverError), (.badGateway, .serverError), (.unavailable, .overloaded),
        (.gatewayTimeout, .timeout), (.overloaded, .overloaded), (.rateLimit, .rateLimit),
        (.rateLimitSeconds, .rateLimit), (.rateLimitFraction, .rateLimit), (.rateLimitDate, .rateLimit),
        (.rateLimitMilliseconds, .rateLimit), (.rateLimitInfo, .rateLimit), (.rateLimitBare, .rateLimit),
        (.rateLimitTokens, .rateLimit), (.quota, .quotaExhausted), (.contextLength, .contextLength),
        (.contentPolicy, .contentPolicy), (.redirect, .malformedResponse), (.close, .network), (.reset, .network),
        (.invalidJSON, .malformedResponse), (.html, .malformedResponse), (.emptyObject, .malformedResponse),
        (.emptyBody, .malformedResponse), (.duplicateKeys, .malformedResponse), (.huge, .malformedResponse),
        (.streamTruncated, .malformedResponse), (.streamCut, .network),
    ]

    @Test("each fault is met as its class in each format, then the request gets through", arguments: errorClasses)
    func errors(_ fault: Fault, _ kind: ProviderErrorClass) async throws {
        try await serve(Simulation(faults: [FaultRule(kinds: [fault])])) { client, server in
            for (wire, streams) in Self.forms {
                let error = await client.failure(wire, Self.chat(streams: streams))
                #expect(error?.class == kind, "\(fault.rawValue) \(wire) \(streams): \(String(describing: error))")
                let second = await client.outcome(wire, Self.chat(streams: streams))
                #expect((try? second.get())?.text.isEmpty == false, "\(fault.rawValue) \(wire) \(streams): \(second)")
            }
            #expect(server.ledger.faults == [fault: Self.forms.count])
        }
    }

    @Test(
        "each form of delay is understood",
        arguments: [Fault.rateLimitSeconds, .rateLimitFraction, .rateLimitDate, .rateLimitMilliseconds, .rateLimitInfo])
    func delays(_ fault: Fault) async throws {
        var rule = FaultRule(kinds: [fault])
        rule.delay = .milliseconds(1_500)
        try await serve(Simulation(faults: [rule])) { client, _ in
            for wire in WireFormat.allCases {
                let error = try #require(await client.failure(wire, Self.chat(streams: false)))
                #expect(error.retryAfter != nil, "\(fault.rawValue) \(wire)")
            }
        }
    }

    @Test(
        "answers of another kind end as what they are",
        arguments: [
            (Fault.refusal, FinishReason.refusal), (.safety, .contentFilter), (.length, .length), (.noUsage, .stop),
        ])
    func otherAnswers(_ fault: Fault, _ finish: FinishReason) async throws {
        try await serve(Simulation(faults: [FaultRule(kinds: [fault], firstAttempts: 9)])) { client, _ in
            for (wire, streams) in Self.forms where Self.has(wire, fault) {
                let result = try await client.outcome(wire, Self.chat(streams: streams)).get()
                #expect(result.finish == finish, "\(fault.rawValue) \(wire) \(streams)")
                if fault == .noUsage { #expect(result.usage.input == nil, "\(wire) \(streams)") }
            }
        }
    }

    /// Only some formats have a place for a refusal, and Anthropic calls what a filter stops a refusal.
    private static func has(_ wire: WireFormat, _ fault: Fault) -> Bool {
        switch fault {
        case .refusal: wire == .openAI || wire == .openAIResponses || wire == .anthropic
        case .safety: wire != .anthropic && wire != .mistral
        default: true
        }
    }

    @Test("what is slow arrives whole", arguments: [Fault.slowHeaders, .slowBody, .keepAlive])
    func slow(_ fault: Fault) async throws {
        var rule = FaultRule(kinds: [fault])
        rule.delay = .milliseconds(20)
        try await serve(Simulation(faults: [rule])) { client, _ in
            for (wire, streams) in Self.forms {
                let first = await client.outcome(wire, Self.chat(streams: streams))
                let second = await client.outcome(wire, Self.chat(streams: streams))
                #expect((try? first.get()) != nil && first == second, "\(fault.rawValue) \(wire) \(streams)")
            }
        }
    }

    @Test("a stream that fails after its beginning is an error of the provider")
    func streamError() async throws {
        try await serve(Simulation(faults: [FaultRule(kinds: [.streamError])])) { client, _ in
            for wire in WireFormat.allCases {
                let error = await client.failure(wire, Self.chat(streams: true))
                #expect(error?.class == .serverError || error?.class == .overloaded, "\(wire)")
                #expect(error?.retryable == true, "\(wire)")
            }
        }
    }

    @Test("the right key is asked for, and a wrong one or none is refused")
    func keys() async throws {
        var simulation = Simulation()
        simulation.key = "right"
        try await serve(simulation) { client, _ in
            for wire in WireFormat.allCases {
                let request = Self.chat(streams: false)
                let result = try await client.outcome(wire, request, key: "right").get()
                #expect(result.finish == .stop, "\(wire)")
                let (wrong, none) = (
                    await client.failure(wire, request, key: "wrong"), await client.failure(wire, request)
                )
                #expect(wrong?.class == .auth && none?.class == .auth, "\(wire)")
            }
        }
    }

    @Test("what is one too many is a rate limit in every format, and the statistics count it")
    func limits() async throws {
        // Two at once, and then one every half a minute, which is longer than a test takes.
        var limit = RateLimit(requestsPerMinute: 2)
        limit.burst = 1
        try await serve(Simulation(limits: [limit])) { client, server in
            for wire in WireFormat.allCases {
                let request = Self.chat(streams: false)
                for _ in 0..<2 {
                    let result = await client.outcome(wire, request)
                    #expect((try? result.get()) != nil, "\(wire)")
                }
                let error = await client.failure(wire, request)
                #expect(error?.class == .rateLimit, "\(wire)")
                // DeepSeek doesn't say when to come again.
                #expect((error?.retryAfter == nil) == (wire == .deepSeek), "\(wire)")
            }
            #expect(server.ledger.total.limited == WireFormat.allCases.count)
            #expect(server.ledger.seconds.map(\.limited).reduce(0, +) == WireFormat.allCases.count)
        }
    }

    @Test("a model that isn't there is unknown in every format")
    func unknownModels() async throws {
        try await serve { client, _ in
            for (wire, streams) in Self.forms {
                let error = await client.failure(wire, Self.chat("sim-missing", streams: streams))
                #expect(error?.class == .notFound, "\(wire) \(streams)")
            }
        }
    }

    private func serve(
        _ simulation: Simulation = Simulation(),
        _ body: @escaping @Sendable (Client, SimulatedServer) async throws -> Void
    ) async throws {
        try await SimulatedServer.run(simulation) { server in
            let curl = CurlTransport()
            defer { curl.shutdown() }
            let route = RoutingTransport.Route(from: ModelCatalogue.simulatedRoot, to: server.address)
            try await body(Client(transport: RoutingTransport(curl, routes: [route])), server)
        }
    }

    /// The adapters behind a transport.
    private struct Client: Sendable {
        let transport: RoutingTransport

        func outcome(_ wire: WireFormat, _ chat: ChatRequest, key: String? = nil) async -> Outcome {
            guard let adapter = ModelCatalogue.adapter(named: wire.adapter, streams: chat.streams) else {
                preconditionFailure("every format has an adapter")
            }
            let endpoint = Endpoint(
                baseURL: wire.simulatedBaseURL, limits: TransferLimits(maxResponseBytes: 1 << 20))
            let request = adapter.request(chat, endpoint: endpoint, key: key.flatMap { APIKey($0) })
            do throws(TransportError) {
                let response = try await transport.send(request)
                return adapter.result(
                    status: response.status, headers: adapter.recorded(response.headers), body: response.body)
            } catch {
                return .failure(ProviderError(error))
            }
        }

        func failure(_ wire: WireFormat, _ chat: ChatRequest, key: String? = nil) async -> ProviderError? {
            switch await outcome(wire, chat, key: key) {
            case .success: nil
            case .failure(let error): error
            }
        }
    }
}
