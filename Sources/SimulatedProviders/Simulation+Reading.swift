package import CanonicalJSON
internal import Determinism

/// What is wrong with the `simulation` of an experiment.
package struct SimulationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The field, as in `simulation.faults[0].kind`.
    package let path: String
    /// What was found there, and what would have been right.
    package let problem: String
    /// What was written where only some words may stand; nil where anything else is wrong.
    package var word: String?
    /// Those words.
    package var known: [String] = []

    package var description: String { path + " " + problem }
}

extension Simulation {
    /// Reads the `simulation` object of an experiment; what isn't given has its default.
    package init(_ value: JSONValue) throws(SimulationError) {
        self.init()
        let fields = try ScriptFields(
            value, at: "simulation",
            known: ["faults", "key", "latency_jitter_ms", "latency_ms", "limits", "models", "stream_pause_ms"])
        latency = try fields.milliseconds("latency_ms") ?? .zero
        latencyJitter = try fields.milliseconds("latency_jitter_ms") ?? .zero
        streamPause = try fields.milliseconds("stream_pause_ms") ?? .zero
        key = try fields.secret("key")
        models = try fields.texts("models")
        if let value = fields["faults"] {
            faults =
                value.array == nil
                ? [try FaultRule(value, at: "simulation.faults", needsKind: false)]
                : try fields.elements("faults") { (value, place) throws(SimulationError) in
                    try FaultRule(value, at: place, needsKind: true)
                }
        }
        limits = try fields.elements("limits") { (value, place) throws(SimulationError) in
            try RateLimit(value, at: place)
        }
    }
}

extension FaultRule {
    fileprivate init(_ value: JSONValue, at path: String, needsKind: Bool) throws(SimulationError) {
        self.init()
        let fields = try ScriptFields(
            value, at: path,
            known: [
                "delay_ms", "every", "first_attempts", "in_turn", "kind", "kinds", "model", "rate", "request",
                "streams", "times",
                "wire",
            ])
        if let value = fields["rate"] {
            guard let number = value.double, (0...1).contains(number) else {
                throw fields.wrong("rate", "a number from 0 to 1")
            }
            rate = number
        } else if !needsKind {
            rate = 0
        }
        firstAttempts = try fields.integer("first_attempts", 0...1_000) ?? 1
        request = try fields.integer("request", 1...1_000_000_000)
        every = try fields.integer("every", 1...1_000_000_000)
        times = try fields.integer("times", 0...1_000_000_000)
        delay = try fields.milliseconds("delay_ms")
        models = try fields.texts("model")
        wires = try fields.words("wire", Wire.self)
        streams = try fields.flag("streams")
        isInTurn = try fields.flag("in_turn") ?? false
        if let named = try fields.words("kinds", Fault.self) {
            kinds = named
        } else if let named = try fields.words("kind", Fault.self) {
            kinds = named
        } else if needsKind {
            throw fields.wrong("kind", ScriptFields.list(of: Fault.self))
        }
    }
}

extension RateLimit {
    fileprivate init(_ value: JSONValue, at path: String) throws(SimulationError) {
        self.init()
        let fields = try ScriptFields(
            value, at: path,
            known: [
                "burst", "input_tokens_per_minute", "minute_ms", "model", "output_tokens_per_minute",
                "requests_per_minute", "tokens_per_minute", "wire",
            ])
        let range = 1...1_000_000_000
        requestsPerMinute = try fields.integer("requests_per_minute", range)
        tokensPerMinute = try fields.integer("tokens_per_minute", range)
        inputTokensPerMinute = try fields.integer("input_tokens_per_minute", range)
        outputTokensPerMinute = try fields.integer("output_tokens_per_minute", range)
        models = try fields.texts("model")
        wires = try fields.words("wire", Wire.self)
        if let length = try fields.milliseconds("minute_ms") {
            guard length > .zero else { throw fields.wrong("minute_ms", "a number of milliseconds above 0") }
            minute = length
        }
        if let value = fields["burst"] {
            guard let number = value.double, (0...1).contains(number) else {
                throw fields.wrong("burst", "a number from 0 to 1")
            }
            burst = number
        }
    }
}
