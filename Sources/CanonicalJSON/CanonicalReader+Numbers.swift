/// Numbers of canonical JSON: one text for each.
extension CanonicalReader {
    /// Reads an integer within ±(2^53−1).
    public mutating func readInteger() throws(JSONError) -> Int64 {
        guard let base = input.baseAddress else { throw mismatch("an integer") }
        let end = input.count
        var index = position
        let isNegative = index < end && base.load(fromByteOffset: index, as: UInt8.self) == UInt8(ascii: "-")
        if isNegative { index &+= 1 }
        let first = index
        var magnitude: Int64 = 0
        var byte: UInt8 = 0
        while index < end {
            byte = base.load(fromByteOffset: index, as: UInt8.self)
            let digit = byte &- UInt8(ascii: "0")
            if digit > 9 { break }
            magnitude = magnitude &* 10 &+ Int64(digit)
            index &+= 1
        }
        let digits = index &- first
        let leads = digits > 0 && base.load(fromByteOffset: first, as: UInt8.self) == UInt8(ascii: "0")
        let isPlain = index == end || (byte != UInt8(ascii: ".") && byte | 0x20 != UInt8(ascii: "e"))
        guard digits > 0, digits <= 16, isPlain, !leads || (digits == 1 && !isNegative),
            magnitude <= JSONValue.largestInteger
        else { throw mismatch("an integer within ±(2^53−1), without a leading zero") }
        position = index
        return isNegative ? -magnitude : magnitude
    }

    /// Reads an integer that fits a narrower type.
    @inlinable
    mutating func readInteger<Integer: FixedWidthInteger>(as type: Integer.Type) throws(JSONError) -> Integer {
        let start = offset
        let wide = try readInteger()
        guard let integer = Integer(exactly: wide) else { throw outOfRange(at: start, "\(Integer.self)") }
        return integer
    }

    @usableFromInline
    func outOfRange(at start: Int, _ type: String) -> JSONError {
        JSONError(in: input, at: start, expected: "an integer that fits \(type)")
    }

    /// Reads a number whose text is the one that ECMAScript gives it.
    public mutating func readDouble() throws(JSONError) -> Double {
        guard let token = NumberToken(input, at: position) else { throw mismatch("a number") }
        guard let number = token.value, isCanonical(token, number) else {
            throw mismatch("a number in its shortest form, as ECMAScript writes it")
        }
        position = token.end
        return number
    }

    /// Whether a number's text is canonical: seen at a glance for short ones, otherwise by writing it again.
    private func isCanonical(_ token: NumberToken, _ number: Double) -> Bool {
        if token.isObviouslyCanonical { return true }
        return ECMAScriptNumber.bytes(of: number).elementsEqual(input[token.start..<token.end])
    }
}

/// A number of JSON (RFC 8259 §6), with its digits gathered.
struct NumberToken {
    let start: Int
    let end: Int
    private let text: UnsafeRawBufferPointer
    private let isNegative: Bool
    /// All digits as one integer, exact while there are at most 18.
    private let mantissa: UInt64
    private let integerDigits: Int
    private let fractionDigits: Int
    private let hasExponent: Bool

    /// Finds the number that starts at a byte; nil if there is none.
    init?(_ input: UnsafeRawBufferPointer, at start: Int) {
        var index = start
        func byte() -> UInt8 { index < input.count ? input[unchecked: index] : 0 }
        var mantissa: UInt64 = 0
        func digits() -> Int {
            let first = index
            while byte() &- UInt8(ascii: "0") <= 9 {
                mantissa = mantissa &* 10 &+ UInt64(byte() &- UInt8(ascii: "0"))
                index &+= 1
            }
            return index &- first
        }
        isNegative = byte() == UInt8(ascii: "-")
        if isNegative { index &+= 1 }
        let leadsWithZero = byte() == UInt8(ascii: "0")
        integerDigits = digits()
        guard integerDigits > 0, !leadsWithZero || integerDigits == 1 else { return nil }
        if byte() == UInt8(ascii: ".") {
            index &+= 1
            fractionDigits = digits()
            guard fractionDigits > 0 else { return nil }
        } else {
            fractionDigits = 0
        }
        self.mantissa = mantissa
        hasExponent = byte() | 0x20 == UInt8(ascii: "e")
        if hasExponent {
            index &+= 1
            if byte() == UInt8(ascii: "+") || byte() == UInt8(ascii: "-") { index &+= 1 }
            guard digits() > 0 else { return nil }
        }
        self.start = start
        end = index
        text = UnsafeRawBufferPointer(rebasing: input[start..<index])
    }

    /// At most 15 digits identify a double: it is the only such text of that value, if the layout is right too.
    private var isShort: Bool { integerDigits + fractionDigits <= 15 && !hasExponent }

    /// Whether the text is certainly the canonical one; false leaves the question open.
    ///
    /// A short decimal without a final zero is the shortest text of its double. ECMAScript writes it without an
    /// exponent from 10^-6 on, so five zeros may follow the point.
    var isObviouslyCanonical: Bool {
        guard isShort, mantissa != 0 || !isNegative else { return false }
        if fractionDigits == 0 { return true }
        return text[text.count - 1] != UInt8(ascii: "0") && (fractionDigits <= 6 || mantissa >= Self.powers[9])
    }

    /// The nearest double, or nil if there is no finite one.
    ///
    /// Short decimals are one division of two exact doubles, which rounds once (Clinger's fast path).
    var value: Double? {
        let number: Double
        if isShort {
            let magnitude = Double(mantissa) / Double(Self.powers[fractionDigits])
            number = isNegative ? -magnitude : magnitude
        } else {
            number = Double(String(decoding: text, as: UTF8.self)) ?? .infinity
        }
        return number.isFinite ? number : nil
    }

    private static let powers: [UInt64] = (0...15).map { exponent in
        (0..<exponent).reduce(1) { power, _ in power * 10 }
    }
}
