package import Determinism

/// How the simulated provider behaves besides answering: how long it takes, what goes wrong and how much it lets
/// through.
///
/// Everything but the limits is a function of the request's body and of how often that body came before, so that two
/// runs of the same experiment meet the same faults and a repeated request gets through.
package struct Simulation: Sendable, Equatable {
    package var latency: Microseconds
    /// Added to the latency: from nothing to this much, by the body's hash.
    package var latencyJitter: Microseconds
    /// The pause before each event of a stream.
    package var streamPause = Microseconds.zero
    /// The first rule that applies to a request decides.
    package var faults: [FaultRule]
    /// The first limit that is for a request counts.
    package var limits: [RateLimit] = []
    /// The key that every request must bring; nil if none is asked for.
    package var key: String?
    /// The models that there are; nil for any, except those whose name says that they are missing.
    package var models: [String]?

    package init(
        latency: Microseconds = .zero, latencyJitter: Microseconds = .zero, faults: [FaultRule] = [],
        limits: [RateLimit] = []
    ) {
        self.latency = latency
        self.latencyJitter = latencyJitter
        self.faults = faults
        self.limits = limits
    }
}

extension Simulation {
    /// How long the answer to a body takes.
    package func delay(of body: Digest) -> Microseconds {
        guard latencyJitter > .zero else { return latency }
        return latency + Microseconds(Int64(body.share(1) * Double(latencyJitter.count)))
    }

    /// Whether a model is there to answer.
    func has(_ model: String) -> Bool {
        if let models { return models.contains(model) }
        return !model.hasPrefix("sim-missing") && !model.hasSuffix("-none")
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
