package import CanonicalJSON
package import Determinism

/// When something that failed is tried again: full jitter under an exponential ceiling.
///
/// The delay after the n-th failure is drawn from 0 to min(cap, base·2^(n−1)) by a generator that is seeded with the
/// entity's id and n, so replay draws the same one. Who asks for a longer wait (Retry-After) gets it, even beyond the cap.
package struct RetryPolicy: Equatable, Sendable {
    /// The most attempts, the first included; at least 1.
    package let attempts: Int
    /// The ceiling after the first failure.
    package let base: Microseconds
    /// The highest ceiling.
    package let cap: Microseconds

    package init(attempts: Int = 5, base: Microseconds = .seconds(1), cap: Microseconds = .minutes(10)) {
        precondition(attempts >= 1, "a policy without a first attempt never does anything")
        precondition(base >= .zero && cap >= .zero, "nobody can wait a negative time")
        self.attempts = attempts
        self.base = base
        self.cap = cap
    }

    package static let standard = RetryPolicy()

    /// How long to wait after the `failures`-th failure, from 1, of what `id` names.
    package func delay(after failures: Int, of id: String, atLeast floor: Microseconds? = nil) -> Microseconds {
        var generator = SeededGenerator(seedingFrom: [id, String(failures)])
        let drawn = generator.uniform(below: UInt64(ceiling(after: failures).count) + 1)
        return max(Microseconds(Int64(drawn)), floor ?? .zero)
    }

    /// The longest delay that can be drawn after the `failures`-th failure.
    package func ceiling(after failures: Int) -> Microseconds {
        var ceiling = base
        for _ in 1..<max(failures, 1) {
            if ceiling >= cap { break }
            ceiling = ceiling.count > cap.count / 2 ? cap : ceiling * 2
        }
        return min(ceiling, cap)
    }
}

extension RetryPolicy: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempts", attempts)
        writer.field("base", base)
        writer.field("cap", cap)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let attempts = try reader.integer("attempts", atLeast: 1)
        let base = try reader.length("base")
        let cap = try reader.length("cap")
        try reader.endObject()
        self.init(attempts: attempts, base: base, cap: cap)
    }
}
