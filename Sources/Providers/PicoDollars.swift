internal import CanonicalJSON

/// An amount of money in 10⁻¹² US dollars: fine enough for the price of one token, exact in sums.
package struct PicoDollars: RawRepresentable, Hashable, Comparable, Sendable, CanonicalCodable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    package static func < (left: PicoDollars, right: PicoDollars) -> Bool { left.rawValue < right.rawValue }

    /// Dollars written in decimal, as `2.5e-06` or `0.15`, read digit by digit: no binary fraction comes in between.
    ///
    /// Digits beyond the twelfth decimal place are rounded half to even. Nil for anything but an amount from 0 to
    /// 2^53−1 pico-dollars (9,007 dollars).
    package init?(dollars text: String) {
        guard let amount = Self.amount(text, decimals: 12) else { return nil }
        rawValue = amount
    }

    /// The same in nano-dollars, from 0 to 2^53−1 of them (9,007,199 dollars): what many calls may cost.
    package static func nano(dollars text: String) -> Int? { amount(text, decimals: 9) }

    private static func amount(_ text: String, decimals: Int) -> Int? {
        guard let amount = DecimalText(text)?.scaled(byPowerOfTen: decimals), amount <= 9_007_199_254_740_991
        else { return nil }
        return amount
    }
}

/// A decimal number as written: digits and where the point stands.
private struct DecimalText {
    /// Without leading zeros.
    private var digits: [UInt8] = []
    /// The value is digits × 10^exponent.
    private var exponent = 0

    init?(_ text: String) {
        var bytes = Array(text.utf8)[...]
        if bytes.first == UInt8(ascii: "+") { bytes.removeFirst() }
        guard let number = Self.number(&bytes) else { return nil }
        (digits, exponent) = number
        if let mark = bytes.popFirst() {
            guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E"), bytes.count <= 6,
                let power = Int(String(decoding: bytes, as: UTF8.self))
            else { return nil }
            exponent += power
        }
    }

    /// Takes digits with at most one point, at least one digit and at most 400.
    private static func number(_ bytes: inout ArraySlice<UInt8>) -> (digits: [UInt8], exponent: Int)? {
        var digits: [UInt8] = []
        var count = 0
        var decimals: Int?
        while let byte = bytes.first, byte == UInt8(ascii: ".") || (0x30...0x39).contains(byte) {
            bytes.removeFirst()
            if byte == UInt8(ascii: ".") {
                guard decimals == nil else { return nil }
                decimals = 0
            } else {
                count += 1
                decimals = decimals.map { $0 + 1 }
                if byte != 0x30 || !digits.isEmpty { digits.append(byte - 0x30) }
            }
        }
        return (1...400).contains(count) ? (digits, -(decimals ?? 0)) : nil
    }

    /// The number times a power of ten, rounded half to even; nil if it is beyond 10^18.
    func scaled(byPowerOfTen power: Int) -> Int? {
        let shift = exponent + power
        guard !digits.isEmpty else { return 0 }
        guard digits.count + shift <= 18 else { return nil }
        if shift >= 0 { return (digits + [UInt8](repeating: 0, count: shift)).reduce(0) { $0 * 10 + Int($1) } }
        let kept = digits.dropLast(-shift).reduce(0) { $0 * 10 + Int($1) }
        return kept + (roundsUp(dropping: -shift, after: kept) ? 1 : 0)
    }

    private func roundsUp(dropping count: Int, after kept: Int) -> Bool {
        guard count <= digits.count else { return false }
        let dropped = digits.suffix(count)
        guard let first = dropped.first, first == 5 else { return (dropped.first ?? 0) > 5 }
        return dropped.dropFirst().contains { $0 != 0 } || !kept.isMultiple(of: 2)
    }
}
