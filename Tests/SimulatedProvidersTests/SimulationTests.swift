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
                    faults: .init(rate: 0.05, kinds: [.serverError, .rateLimit, .hang], firstAttempts: 2)))
        #expect(try Simulation([:]) == Simulation())
    }

    @Test(
        "what is wrong is named",
        arguments: [
            (#"{"latency":5}"#, "simulation.latency is unknown; known are faults, latency_jitter_ms, latency_ms"),
            (#"{"latency_ms":-1}"#, "simulation.latency_ms must be a number of milliseconds from 0 to 3600000"),
            (#"{"latency_ms":"5"}"#, "simulation.latency_ms must be a number of milliseconds from 0 to 3600000"),
            (#"{"faults":{"rate":1.1}}"#, "simulation.faults.rate must be a number from 0 to 1"),
            (#"{"faults":{"rat":1}}"#, "simulation.faults.rat is unknown; known are first_attempts, kinds, rate"),
            (
                #"{"faults":{"first_attempts":0.5}}"#,
                "simulation.faults.first_attempts must be an integer from 0 to 1000"
            ),
            (
                #"{"faults":{"kinds":["fire"]}}"#,
                "simulation.faults.kinds must be a list of 500, 429, hang, close, invalidJSON, huge, malformedJudge"
            ),
            (#"{"faults":7}"#, "simulation.faults must be an object with any of first_attempts, kinds, rate"),
            ("[]", "simulation must be an object with any of faults, latency_jitter_ms, latency_ms"),
        ])
    func problems(_ json: String, _ message: String) throws {
        let value = try JSONParser.parse(Array(json.utf8))
        #expect(throws: SimulationError(message: message)) { try Simulation(value) }
    }

    @Test("as many bodies fail as the rate says, each kind among them, and only the first times they come")
    func rate() {
        let simulation = Simulation(
            faults: .init(rate: 0.25, kinds: [.serverError, .rateLimit, .close, .invalidJSON], firstAttempts: 2))
        var counts: [Fault: Int] = [:]
        for number in 0..<4_000 {
            let body = Digest(of: "body \(number)")
            let fault = simulation.fault(of: body, reception: 1)
            #expect(simulation.fault(of: body, reception: 2) == fault)
            #expect(simulation.fault(of: body, reception: 3) == nil)
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
}
