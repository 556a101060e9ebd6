/// Text of doubles as ECMAScript's `Number::toString` gives it (ECMA-262 §6.1.6.1.20), which RFC 8785 §3.2.2.3 asks for.
///
/// Swift's `description` has the same digits (the shortest that read back to the same double, and of those the closest)
/// in another layout; here they are laid out anew.
enum ECMAScriptNumber {
    /// The canonical text of a finite double; ASCII.
    static func bytes(of number: Double) -> [UInt8] {
        if number == 0 { return [UInt8(ascii: "0")] }
        var (digits, point) = shortestDigits(of: number.magnitude)
        // `point` is where the decimal point stands, counted from the first digit: 0.<digits> × 10^point.
        var text: [UInt8] = number < 0 ? [UInt8(ascii: "-")] : []
        let count = digits.count
        switch point {
        case count...21 where count <= 21:
            text += digits
            text += repeatElement(UInt8(ascii: "0"), count: point - count)
        case 1...21:
            text += digits[..<point]
            text.append(UInt8(ascii: "."))
            text += digits[point...]
        case -5...0:
            text += Array("0.".utf8)
            text += repeatElement(UInt8(ascii: "0"), count: -point)
            text += digits
        default:
            text.append(digits.removeFirst())
            if !digits.isEmpty {
                text.append(UInt8(ascii: "."))
                text += digits
            }
            let exponent = point - 1
            text.append(UInt8(ascii: "e"))
            text.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
            text += Array(String(exponent.magnitude).utf8)
        }
        return text
    }

    /// The shortest digits, without zeros at either end, and where the decimal point stands before or behind them.
    private static func shortestDigits(of magnitude: Double) -> (digits: [UInt8], point: Int) {
        var digits: [UInt8] = []
        var point: Int?
        var exponent = 0
        let text = Array(magnitude.description.utf8)
        for (index, byte) in text.enumerated() {
            if byte == UInt8(ascii: ".") {
                point = digits.count
            } else if byte == UInt8(ascii: "e") {
                exponent = Int(String(decoding: text[(index + 1)...], as: UTF8.self)) ?? 0
                break
            } else {
                digits.append(byte)
            }
        }
        let leading = digits.prefix { $0 == UInt8(ascii: "0") }.count
        let position = (point ?? digits.count) - leading + exponent
        digits.removeFirst(leading)
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, position)
    }
}
