import CanonicalJSON

/// Seeds for properties: some that never change, and a fresh one, which a failure prints as the test's argument.
let seeds: [UInt64] = [1, 2, 3, 4, 5, 6, 7, UInt64.random(in: 8...UInt64.max)]

/// Random JSON from a seed (SplitMix64), rich in what JSON gets wrong: escapes, surrogates, extreme numbers.
struct Documents: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func value(depth: Int = 4) -> JSONValue {
        switch below(depth == 0 ? 5 : 7) {
        case 0: .null
        case 1: .bool(below(2) == 0)
        case 2: .number(number())
        case 3, 4: .string(text())
        case 5: .array((0..<below(5)).map { _ in value(depth: depth - 1) })
        default: .object(object(depth: depth - 1))
        }
    }

    mutating func object(depth: Int) -> JSONObject {
        var object = JSONObject()
        for _ in 0..<below(6) { object[text()] = value(depth: depth) }
        return object
    }

    mutating func number() -> Double {
        switch below(5) {
        case 0: Double(below(2_000) - 1_000)
        case 1: Double(Int64(truncatingIfNeeded: next()) >> 10)
        case 2: Double(below(1_000_000)) / 1_000
        case 3: Double(below(1_000_000_000)) / 1e12
        default: finite()
        }
    }

    /// Any finite double, each bit pattern equally likely.
    mutating func finite() -> Double {
        while true {
            let number = Double(bitPattern: next())
            if number.isFinite { return number }
        }
    }

    mutating func text() -> String {
        var text = ""
        for _ in 0..<below(20) {
            let range: ClosedRange<UInt32> =
                [0...0x1F, 0x20...0x7F, 0x20...0x7F, 0x80...0x7FF, 0xE000...0xFFFF, 0x1_0000...0x10_FFFF][below(6)]
            guard let scalar = Unicode.Scalar(UInt32.random(in: range, using: &self)) else { continue }
            text.unicodeScalars.append(scalar)
        }
        return text
    }

    /// A document with some bytes changed, removed, repeated or put in.
    mutating func mutated(_ document: [UInt8]) -> [UInt8] {
        let marks = Array(#"{}[]",:\u0019eE+-. tfn"#.utf8) + [0x00, 0x1F, 0x80, 0xBF, 0xC0, 0xED, 0xF4, 0xFF]
        var bytes = document
        for _ in 0...below(3) {
            let index = below(bytes.count + 1)
            switch below(5) {
            case 0 where index < bytes.count: bytes[index] = marks[below(marks.count)]
            case 1 where index < bytes.count: bytes[index] ^= 1 << UInt8(below(8))
            case 2 where index < bytes.count: bytes.remove(at: index)
            case 3: bytes.removeSubrange(index...)
            default: bytes.insert(marks[below(marks.count)], at: index)
            }
        }
        return bytes
    }
}
