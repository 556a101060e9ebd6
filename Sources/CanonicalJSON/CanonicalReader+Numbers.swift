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
        return ECMAScriptNumber.isText(UnsafeRawBufferPointer(rebasing: input[token.start..<token.end]), of: number)
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

    /// Whether the digits are one exact double and 10^fractionDigits another.
    private var isExact: Bool {
        !hasExponent && integerDigits + fractionDigits <= 16 && mantissa <= UInt64(JSONValue.largestInteger)
    }

    /// Whether the text is certainly the canonical one; false leaves the question open.
    ///
    /// Different decimals of at most 15 digits are different doubles, so such a one, without a final zero, is the shortest
    /// text of its double, as is any exact integer. ECMAScript writes no exponent from 10^-6 on.
    var isObviouslyCanonical: Bool {
        guard isExact else { return false }
        if fractionDigits == 0 { return mantissa != 0 || !isNegative }
        return integerDigits + fractionDigits <= 15 && text[text.count - 1] != UInt8(ascii: "0")
            && (fractionDigits <= 6 || mantissa >= 1_000_000_000)
    }

    /// The nearest double, or nil if there is no finite one.
    ///
    /// Short decimals are one division of two exact doubles, which rounds once (Clinger's fast path).
    var value: Double? {
        if isExact {
            var scale = 1.0
            for _ in 0..<fractionDigits { scale *= 10 }
            let magnitude = Double(mantissa) / scale
            return isNegative ? -magnitude : magnitude
        }
        guard let number = Double(String(decoding: text, as: UTF8.self)), number.isFinite else { return nil }
        return number
    }
}
