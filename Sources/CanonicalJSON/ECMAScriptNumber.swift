/// Text of doubles as ECMAScript's `Number::toString` gives it (ECMA-262 §6.1.6.1.20), which RFC 8785 §3.2.2.3 asks for.
enum ECMAScriptNumber {
    /// The most bytes that a number takes: a sign, `0.`, five zeros and 17 digits are 25.
    static let longest = 32

    /// Writes the text of a finite double other than zero, and answers how many bytes it took.
    static func write(_ number: Double, to start: UnsafeMutableRawPointer) -> Int {
        var output = Output(start)
        if number < 0 { output.put(UInt8(ascii: "-")) }
        if let decimal = ShortDecimal(number.magnitude) {
            output.put(decimal)
        } else {
            output.put(ShortestDigits(of: number.magnitude))
        }
        return output.count
    }

    /// Whether some bytes are the text of a number.
    static func isText(_ text: UnsafeRawBufferPointer, of number: Double) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: longest, alignment: 1) { buffer in
            guard let start = buffer.baseAddress else { return false }
            if number == 0 { return text.elementsEqual(CollectionOfOne(UInt8(ascii: "0"))) }
            let count = write(number, to: start)
            return text.elementsEqual(UnsafeRawBufferPointer(start: start, count: count))
        }
    }
}

/// A double that is a decimal of at most 15 digits and 12 places, and not an integer: most that people write.
///
/// Different decimals of at most 15 digits are different doubles, so if one reads back to the double, it is the only
/// one and has its shortest digits. `digits / 10^places` is a division of two exact doubles, rounded once: reading back.
private struct ShortDecimal {
    let digits: UInt64
    let places: Int

    init?(_ magnitude: Double) {
        guard magnitude >= 1e-6, magnitude < 1e14, magnitude.rounded(.towardZero) != magnitude else { return nil }
        var scale = 1.0
        for places in 1...12 {
            scale *= 10
            let scaled = magnitude * scale
            guard scaled < 1e15 else { return nil }
            let rounded = scaled.rounded()
            if abs(scaled - rounded) <= scaled * 0x1p-51, rounded / scale == magnitude {
                digits = UInt64(rounded)
                self.places = places
                return
            }
        }
        return nil
    }
}

/// The shortest digits that read back to the same double, and of those the closest.
///
/// Swift's `description` promises just these, in another layout.
private struct ShortestDigits {
    /// Without zeros at either end; up to 17.
    private(set) var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
    private(set) var count = 0
    /// Where the decimal point stands, counted from the first digit: the number is 0.<digits> × 10^point.
    private(set) var point = 0

    init(of magnitude: Double) {
        var seen = 0
        var pointAt: Int?
        var exponent = 0
        var (isExponent, isNegative) = (false, false)
        var significant = 0
        for byte in magnitude.description.utf8 {
            switch byte {
            case UInt8(ascii: "."): pointAt = seen
            case UInt8(ascii: "e"): isExponent = true
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "+"): break
            default:
                if isExponent {
                    exponent = exponent * 10 + Int(byte - UInt8(ascii: "0"))
                    continue
                }
                seen += 1
                if count > 0 || byte != UInt8(ascii: "0") {
                    append(byte)
                    if byte != UInt8(ascii: "0") { significant = count }
                }
            }
        }
        let leadingZeros = seen - count
        point = (pointAt ?? seen) - leadingZeros + (isNegative ? -exponent : exponent)
        count = significant
    }

    private mutating func append(_ byte: UInt8) {
        precondition(count < 24, "a double has at most 17 significant digits")
        withUnsafeMutableBytes(of: &digits) { $0[count] = byte }
        count += 1
    }

    func withDigits(_ body: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeBytes(of: digits) { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
}

/// Lays digits out in memory that has room for the longest number.
private struct Output {
    private let start: UnsafeMutableRawPointer
    private(set) var count = 0

    init(_ start: UnsafeMutableRawPointer) { self.start = start }

    mutating func put(_ byte: UInt8) {
        start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count &+= 1
    }

    private mutating func put(_ bytes: Slice<UnsafeRawBufferPointer>) {
        for byte in bytes { put(byte) }
    }

    private mutating func putZeros(_ number: Int) {
        for _ in 0..<number { put(UInt8(ascii: "0")) }
    }

    /// Writes a decimal with a fraction: from the last digit, the point behind the places.
    mutating func put(_ decimal: ShortDecimal) {
        var length = 0
        var rest = decimal.digits
        withUnsafeTemporaryAllocation(byteCount: ECMAScriptNumber.longest, alignment: 1) { reversed in
            while rest > 0 || length <= decimal.places + 1 {
                if length == decimal.places {
                    reversed[length] = UInt8(ascii: ".")
                } else {
                    reversed[length] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                }
                length += 1
            }
            for index in (0..<length).reversed() { put(reversed[index]) }
        }
    }

    /// Writes digits in the layout that ECMA-262 gives for the place of their point.
    mutating func put(_ number: ShortestDigits) {
        let (count, point) = (number.count, number.point)
        number.withDigits { digits in
            switch point {
            case count...21 where count <= 21:
                put(digits[...])
                putZeros(point - count)
            case 1...21:
                put(digits[..<point])
                put(UInt8(ascii: "."))
                put(digits[point...])
            case -5...0:
                put(UInt8(ascii: "0"))
                put(UInt8(ascii: "."))
                putZeros(-point)
                put(digits[...])
            default:
                put(digits[..<1])
                if count > 1 { put(UInt8(ascii: ".")) }
                put(digits[1...])
                putExponent(point - 1)
            }
        }
    }

    private mutating func putExponent(_ exponent: Int) {
        put(UInt8(ascii: "e"))
        put(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        let magnitude = exponent.magnitude
        if magnitude >= 100 { put(UInt8(ascii: "0") + UInt8(magnitude / 100)) }
        if magnitude >= 10 { put(UInt8(ascii: "0") + UInt8(magnitude / 10 % 10)) }
        put(UInt8(ascii: "0") + UInt8(magnitude % 10))
    }
}
