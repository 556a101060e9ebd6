import CanonicalJSON
import Determinism
import Testing

@testable import SimulatedProviders

@Suite("Simulation")
struct SimulationTests {
    @Test("every option is read, and what isn't given has its default")
    func options() throws {
        let value = try JSONParser.parse(
            Array(
                #"""
                {"latency_ms":1.5,"latency_jitter_ms":20,"faults":{"rate":0.05,"kinds":["500",429,"hang"],"first_attempts":2}}
                """#.utf8))
        #expect(
            try Simulation(value)
                == Simulation(
                    latency: .microseconds(1_500), latencyJitter: .milliseconds(20),
                    faults: [FaultRule(rate: 0.05, kinds: [.serverError, .rateLimit, .hang], firstAttempts: 2)]))
        #expect(try Simulation([:]) == Simulation())
    }

    @Test("rules, limits, a key and models are read from their lists")
    func script() throws {
        let value = try JSONParser.parse(
            Array(
                #"""
                {"faults":[{"kind":503},{"kinds":["html","429-date"],"wire":"anthropic","model":["a","b"],"rate":0.5,
                "every":3,"request":7,"times":2,"delay_ms":20,"first_attempts":2,"in_turn":true,"streams":true}],
                "key":"secret","limits":[{"wire":["xai"],"model":"m","requests_per_minute":60,"tokens_per_minute":1000,
                "input_tokens_per_minute":500,"output_tokens_per_minute":400,"minute_ms":1000,"burst":0.5}],
                "models":["m"],"stream_pause_ms":2}
                """#.utf8))
        var second = FaultRule(rate: 0.5, kinds: [.html, .rateLimitDate], firstAttempts: 2)
        second.wires = [.anthropic]
        second.models = ["a", "b"]
        second.every = 3
        second.request = 7
        second.times = 2
        second.delay = .milliseconds(20)
        second.streams = true
        second.isInTurn = true
        var limit = RateLimit(requestsPerMinute: 60, minute: .seconds(1))
        limit.wires = [.xai]
        limit.models = ["m"]
        limit.tokensPerMinute = 1_000
        limit.inputTokensPerMinute = 500
        limit.outputTokensPerMinute = 400
        limit.burst = 0.5
        var expected = Simulation(faults: [FaultRule(kinds: [.unavailable]), second], limits: [limit])
        expected.key = "secret"
        expected.models = ["m"]
        expected.streamPause = .milliseconds(2)
        #expect(try Simulation(value) == expected)
    }

    @Test(
        "what is wrong is named",
        arguments: [
            (#"{"latency":5}"#, "simulation.latency is unknown; known are faults, key, "),
            (#"{"latency_ms":-1}"#, "simulation.latency_ms must be a number of milliseconds from 0 to 3600000"),
            (#"{"latency_ms":"5"}"#, "simulation.latency_ms must be a number of milliseconds from 0 to 3600000"),
            (#"{"faults":{"rate":1.1}}"#, "simulation.faults.rate must be a number from 0 to 1, found 1.1"),
            (#"{"faults":{"rat":1}}"#, "simulation.faults.rat is unknown; known are delay_ms, "),
            (
                #"{"faults":{"first_attempts":0.5}}"#,
                "simulation.faults.first_attempts must be an integer from 0 to 1000"
            ),
            (#"{"faults":{"kinds":["fire"]}}"#, "simulation.faults.kinds must be one or a list of 400, 401, "),
            (#"{"faults":7}"#, "simulation.faults must be an object with any of delay_ms, "),
            (#"{"faults":[{}]}"#, "simulation.faults[0].kind must be one or a list of 400, "),
            (
                #"{"faults":[{"kind":500,"wire":"pigeon"}]}"#,
                "simulation.faults[0].wire must be one or a list of openai, "
            ),
            (
                #"{"faults":[{"kind":500},{"kind":500,"times":-1}]}"#,
                "simulation.faults[1].times must be an integer from "
            ),
            (#"{"faults":[{"kind":500,"streams":1}]}"#, "simulation.faults[0].streams must be true or false"),
            (#"{"limits":{}}"#, "simulation.limits must be a list, found {}"),
            (#"{"limits":[{"requests_per_minute":0}]}"#, "simulation.limits[0].requests_per_minute must be an integer"),
            (
                #"{"limits":[{"minute_ms":0}]}"#,
                "simulation.limits[0].minute_ms must be a number of milliseconds above 0"
            ),
            (#"{"limits":[{"burst":2}]}"#, "simulation.limits[0].burst must be a number from 0 to 1"),
            (#"{"key":""}"#, "simulation.key must be a text"),
            (#"{"models":[1]}"#, "simulation.models must be a text or a list of texts"),
            ("[]", "simulation must be an object with any of faults, key, "),
        ])
    func problems(_ json: String, _ beginning: String) throws {
        let value = try JSONParser.parse(Array(json.utf8))
        let error = try #require(#expect(throws: SimulationError.self) { try Simulation(value) })
        #expect("\(error)".hasPrefix(beginning), "\(error)")
    }

    @Test("a word that nobody knows is told with those that are known, and a key that is wrong isn't shown")
    func words() throws {
        let value = try JSONParser.parse(Array(#"{"faults":[{"kind":"hagn"}]}"#.utf8))
        let error = try #require(#expect(throws: SimulationError.self) { try Simulation(value) })
        #expect(error.path == "simulation.faults[0].kind" && error.word == "hagn" && error.known.contains("hang"))
        let keyed = try JSONParser.parse(Array(#"{"key":["sk-1"]}"#.utf8))
        let hidden = try #require(#expect(throws: SimulationError.self) { try Simulation(keyed) })
        #expect(!"\(hidden)".contains("sk-1"))
    }

    @Test("as many bodies fail as the rate says, each kind among them, and only the first times they come")
    func rate() {
        let rule = FaultRule(
            rate: 0.25, kinds: [.serverError, .rateLimit, .close, .invalidJSON], firstAttempts: 2)
        var script = FaultScript([rule])
        var counts: [Fault: Int] = [:]
        for number in 0..<4_000 {
            let body = Digest(of: "body \(number)")
            let fault = script.fault(question(body, reception: 1))?.fault
            #expect(script.fault(question(body, reception: 2))?.fault == fault)
            #expect(script.fault(question(body, reception: 3)) == nil)
            if let fault { counts[fault, default: 0] += 1 }
        }
        #expect(counts.count == 4)
        #expect(counts.values.allSatisfy { (200...300).contains($0) })
    }

    @Test("a latency lies between its bounds and belongs to the body")
    func latency() {
        let simulation = Simulation(latency: .milliseconds(5), latencyJitter: .milliseconds(10))
        let delays = (0..<200).map { simulation.delay(of: Digest(of: "body \($0)")) }
        #expect(delays == (0..<200).map { simulation.delay(of: Digest(of: "body \($0)")) })
        #expect(delays.allSatisfy { $0 >= .milliseconds(5) && $0 < .milliseconds(15) })
        #expect(Set(delays).count > 150)
        #expect(Simulation(latency: .milliseconds(5)).delay(of: Digest(of: "x")) == .milliseconds(5))
    }

    private func question(
        _ body: Digest, reception: Int, _ wire: Wire = .openai, model: String = "m", streams: Bool = false
    ) -> FaultQuestion {
        FaultQuestion(body: body, reception: reception, wire: wire, model: model, streams: streams)
    }

    @Test("a rule applies to what it is for: a format, a model, a stream, a number, each so many, so often")
    func selectors() {
        func met(_ change: (inout FaultRule) -> Void) -> [Int] {
            var rule = FaultRule(kinds: [.serverError])
            change(&rule)
            var script = FaultScript([rule])
            return (1...12).filter { number in
                let wire: Wire = number % 2 == 0 ? .google : .openai
                let body = Digest(of: "body \(number)")
                let asked = question(body, reception: 1, wire, model: "m\(number % 3)", streams: number > 6)
                return script.fault(asked) != nil
            }
        }
        #expect(met { _ in } == Array(1...12))
        #expect(met { $0.wires = [.google] } == [2, 4, 6, 8, 10, 12])
        #expect(met { $0.models = ["m0"] } == [3, 6, 9, 12])
        #expect(met { $0.streams = true } == [7, 8, 9, 10, 11, 12])
        #expect(met { $0.request = 5 } == [5])
        #expect(met { $0.every = 4 } == [4, 8, 12])
        #expect(met { $0.times = 2 } == [1, 2])
        #expect(met { ($0.wires, $0.every) = ([.google], 3) } == [6, 12])
    }

    @Test("the first rule that applies decides, and later ones have their turn at later attempts")
    func order() {
        var script = FaultScript([
            FaultRule(kinds: [.serverError], firstAttempts: 1), FaultRule(kinds: [.rateLimit], firstAttempts: 2),
        ])
        let body = Digest(of: "body")
        let met = (1...3).map { script.fault(question(body, reception: $0))?.fault }
        #expect(met == [.serverError, .rateLimit, nil])
    }

    @Test("kinds in turn come one after the other, whatever the body")
    func turns() {
        var rule = FaultRule(kinds: [.reset, .html, .quota])
        rule.isInTurn = true
        var script = FaultScript([rule])
        let met = (1...4).map { script.fault(question(Digest(of: "body \($0)"), reception: 1))?.fault }
        #expect(met == [.reset, .html, .quota, .reset])
    }
}
