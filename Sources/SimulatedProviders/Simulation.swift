package import CanonicalJSON
package import Determinism

/// How the simulated provider behaves besides answering: how long it takes and what goes wrong.
///
/// Everything is a function of the request's body and of how often that body came before, so that two runs of the
/// same experiment meet the same faults and a repeated request gets through.
package struct Simulation: Sendable, Equatable {
    package var latency: Microseconds
    /// Added to the latency: from nothing to this much, by the body's hash.
    package var latencyJitter: Microseconds
    package var faults: Faults

    /// What goes wrong, and how often.
    package struct Faults: Sendable, Equatable {
        /// The part of all bodies that meet a fault, from 0 to 1.
        package var rate: Double
        /// The kinds from which the body's hash chooses.
        package var kinds: [Fault]
        /// How often a chosen body fails before it is answered.
        package var firstAttempts: Int

        package init(rate: Double = 0, kinds: [Fault] = Fault.usual, firstAttempts: Int = 1) {
            self.rate = rate
            self.kinds = kinds
            self.firstAttempts = firstAttempts
        }
    }

    package init(latency: Microseconds = .zero, latencyJitter: Microseconds = .zero, faults: Faults = Faults()) {
        self.latency = latency
        self.latencyJitter = latencyJitter
        self.faults = faults
    }
}

/// One way in which a provider can fail.
package enum Fault: String, Sendable, Equatable, CaseIterable {
    case serverError = "500"
    case rateLimit = "429"
    /// No answer at all, until the client gives up.
    case hang
    /// The connection ends in the middle of the answer.
    case close
    /// Status 200 with a body that isn't JSON.
    case invalidJSON
    /// A body of 100 MB.
    case huge
    /// A judge's answer without the JSON that was asked for; other requests are answered.
    case malformedJudge

    /// Those that cost neither minutes nor megabytes.
    package static let usual: [Fault] = [.serverError, .rateLimit, .close, .invalidJSON]
}

// MARK: - Choosing

extension Simulation {
    /// How long the answer to a body takes.
    package func delay(of body: Digest) -> Microseconds {
        guard latencyJitter > .zero else { return latency }
        return latency + Microseconds(Int64(body.share(1) * Double(latencyJitter.count)))
    }

    /// What goes wrong when a body comes for the `reception`-th time, from 1.
    package func fault(of body: Digest, reception: Int) -> Fault? {
        guard reception <= faults.firstAttempts, !faults.kinds.isEmpty, body.share(2) < faults.rate else { return nil }
        return faults.kinds[Int(body.share(3) * Double(faults.kinds.count))]
    }
}

extension Digest {
    /// A number in 0..<1 from the given one of the digest's four words.
    func share(_ word: Int) -> Double { Double(self.word(word) >> 11) * 0x1p-53 }

    /// One of the digest's four words.
    func word(_ index: Int) -> UInt64 {
        withBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)) }
    }
}

// MARK: - Reading

/// What is wrong with the `simulation` of an experiment.
package struct SimulationError: Error, Sendable, Equatable, CustomStringConvertible {
    package let message: String
    package var description: String { message }
}

extension Simulation {
    /// Reads the `simulation` object of an experiment; what isn't given has its default.
    package init(_ value: JSONValue) throws(SimulationError) {
        self.init()
        let fields = try Fields(
            value, at: "simulation", known: ["faults", "latency_jitter_ms", "latency_ms"])
        latency = try fields.milliseconds("latency_ms") ?? .zero
        latencyJitter = try fields.milliseconds("latency_jitter_ms") ?? .zero
        if let value = fields["faults"] { faults = try Faults(value) }
    }
}

extension Simulation.Faults {
    fileprivate init(_ value: JSONValue) throws(SimulationError) {
        self.init()
        let fields = try Fields(value, at: "simulation.faults", known: ["first_attempts", "kinds", "rate"])
        if let value = fields["rate"] {
            guard let number = value.double, (0...1).contains(number) else {
                throw fields.wrong("rate", "a number from 0 to 1")
            }
            rate = number
        }
        if let value = fields["first_attempts"] {
            guard let number = value.int, (0...1_000).contains(number) else {
                throw fields.wrong("first_attempts", "an integer from 0 to 1000")
            }
            firstAttempts = number
        }
        if let value = fields["kinds"] {
            guard let names = value.array else { throw fields.wrong("kinds", Self.kindNames) }
            kinds = []
            for name in names {
                // In YAML, 500 without quotes is a number.
                let text = name.string ?? name.int.map(String.init) ?? ""
                guard let kind = Fault(rawValue: text) else { throw fields.wrong("kinds", Self.kindNames) }
                kinds.append(kind)
            }
        }
    }

    private static var kindNames: String {
        "a list of " + Fault.allCases.map(\.rawValue).joined(separator: ", ")
    }
}

/// The members of an object whose keys are known.
private struct Fields {
    private let path: String
    private let object: JSONObject

    init(_ value: JSONValue, at path: String, known: [String]) throws(SimulationError) {
        guard let object = value.object else {
            throw SimulationError(message: "\(path) must be an object with any of \(known.joined(separator: ", "))")
        }
        if let key = object.keys.first(where: { !known.contains($0) }) {
            throw SimulationError(message: "\(path).\(key) is unknown; known are \(known.joined(separator: ", "))")
        }
        self.path = path
        self.object = object
    }

    subscript(key: String) -> JSONValue? { object[key] }

    func wrong(_ key: String, _ expected: String) -> SimulationError {
        SimulationError(message: "\(path).\(key) must be \(expected)")
    }

    func milliseconds(_ key: String) throws(SimulationError) -> Microseconds? {
        guard let value = object[key] else { return nil }
        guard let number = value.double, (0...3_600_000).contains(number) else {
            throw wrong(key, "a number of milliseconds from 0 to 3600000")
        }
        return Microseconds(Int64((number * 1_000).rounded()))
    }
}
