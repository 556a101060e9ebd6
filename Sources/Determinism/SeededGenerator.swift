/// Random numbers that follow from a seed: xoshiro256**, seeded by SplitMix64.
///
/// Algorithm: D. Blackman and S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS 47 (2021), with the
/// authors' public-domain code `xoshiro256starstar.c` and `splitmix64.c` (prng.di.unimi.it). Part of what a log means:
/// a choice recorded with a seed is made again from that seed, so the algorithm never changes under this name.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    /// The name by which a log cites this algorithm.
    package static let algorithm = "xoshiro256**/splitmix64"

    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// A generator whose state is the first four outputs of SplitMix64 from the seed.
    package init(seed: UInt64) {
        var source = SplitMix64(state: seed)
        state = (source.next(), source.next(), source.next(), source.next())
    }

    /// A generator whose seed is the first 8 bytes, little-endian, of the `StableID` encoding of the parts.
    package init(seedingFrom parts: [String]) { self.init(seed: Self.seed(from: parts)) }

    /// The seed that parts of text give, to be recorded.
    package static func seed(from parts: [String]) -> UInt64 {
        StableID.encoded(kind: "seed", parts: parts).withBytes { bytes in
            UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        }
    }

    init(state: (UInt64, UInt64, UInt64, UInt64)) { self.state = state }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        let result = rotated(state.1 &* 5, by: 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotated(state.3, by: 45)
        return result
    }

    /// A number from 0 to `bound` − 1, each equally likely.
    ///
    /// D. Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 29 (2019): the high word of
    /// `next() × bound`, drawn again while the low word is below `2^64 mod bound`.
    package mutating func uniform(below bound: UInt64) -> UInt64 {
        precondition(bound > 0, "there is no number below 0 to choose")
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return product.high
    }

    /// A number in 0..<1: the upper 53 bits of the next output, divided by 2^53.
    package mutating func unitInterval() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// The elements in a random order: Fisher–Yates from the last place down, with `uniform(below:)`.
    package mutating func permuted<Element>(_ elements: [Element]) -> [Element] {
        var elements = elements
        for index in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(index, Int(uniform(below: UInt64(index) + 1)))
        }
        return elements
    }
}

private func rotated(_ word: UInt64, by count: UInt64) -> UInt64 {
    word << count | word >> (64 - count)
}

/// SplitMix64, which only makes seeds here.
///
/// G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators" (OOPSLA 2014).
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
