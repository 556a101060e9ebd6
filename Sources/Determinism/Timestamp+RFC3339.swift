/// The text of a moment (RFC 3339), such as `2026-11-21T08:09:10.123456Z`.
///
/// Calendar arithmetic is by hand, on the proleptic Gregorian calendar, because what a log means may not depend on a
/// platform's calendar library. Day numbers are after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
extension Timestamp: CustomStringConvertible, LosslessStringConvertible {
    /// The earliest and latest moments that RFC 3339 can write: the years 0000 to 9999.
    public static let writable =
        Timestamp(microseconds: -62_167_219_200_000_000)...Timestamp(microseconds: 253_402_300_799_999_999)

    /// The moment as RFC 3339 text in UTC with exactly six digits of the second: 27 ASCII characters, one text for each
    /// moment, sorting like the moments.
    ///
    /// A moment outside the years 0000 to 9999 is a programming error.
    public var text: String {
        precondition(Self.writable.contains(self), "RFC 3339 writes only the years 0000 to 9999")
        let (days, time) = microseconds.flooredDivision(by: 86_400_000_000)
        let date = civil(fromDay: days)
        return String(unsafeUninitializedCapacity: 27) { buffer in
            var digits = Digits(buffer)
            digits.put(date.year, 4, then: "-")
            digits.put(date.month, 2, then: "-")
            digits.put(date.day, 2, then: "T")
            digits.put(time / 3_600_000_000, 2, then: ":")
            digits.put(time / 60_000_000 % 60, 2, then: ":")
            digits.put(time / 1_000_000 % 60, 2, then: ".")
            digits.put(time % 1_000_000, 6, then: "Z")
            return digits.count
        }
    }

    /// The text, or the plain number of microseconds where RFC 3339 has none.
    public var description: String { Self.writable.contains(self) ? text : "\(microseconds) µs" }

    /// The moment of an RFC 3339 text; nil if it isn't one.
    public init?(_ description: String) { self.init(text: description) }

    /// The moment of an RFC 3339 text; nil if it isn't one.
    ///
    /// Strict: `T` and `Z` in capitals, one to six digits of the second or none, an offset within ±23:59, no second 60.
    /// More than six digits are refused, as they would be lost.
    public init?(text: String) {
        let lent = text.utf8.withContiguousStorageIfAvailable { Timestamp(utf8: UnsafeRawBufferPointer($0)) }
        guard let moment = lent ?? Array(text.utf8).withUnsafeBytes({ Timestamp(utf8: $0) }) else { return nil }
        self = moment
    }

    /// The moment of an RFC 3339 text, given as its bytes.
    public init?(utf8 text: UnsafeRawBufferPointer) {
        var scanner = Scanner(text)
        guard let year = scanner.number(4), scanner.take("-"), let month = scanner.number(2), scanner.take("-"),
            let day = scanner.number(2), scanner.take("T"), let hour = scanner.number(2), scanner.take(":"),
            let minute = scanner.number(2), scanner.take(":"), let second = scanner.number(2),
            let fraction = scanner.fraction(), let offset = scanner.offset(), scanner.isAtEnd,
            1...12 ~= month, 1...daysInMonth(month, of: year) ~= day, hour < 24, minute < 60, second < 60
        else { return nil }
        let days = dayNumber(year: year, month: month, day: day)
        let seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second
        let moment = Timestamp(microseconds: seconds * 1_000_000 + fraction)
        guard Self.writable.contains(moment) else { return nil }
        self = moment
    }

    /// Whether a text is the one that `text` gives: UTC with six digits.
    public static func isCanonical(utf8 text: UnsafeRawBufferPointer) -> Bool {
        text.count == 27 && text.last == UInt8(ascii: "Z") && Timestamp(utf8: text) != nil
    }
}

// MARK: - Calendar

/// Days since 1970-01-01 of a date.
private func dayNumber(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = shifted.flooredDivision(by: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
}

/// The date that is some days after 1970-01-01.
private func civil(fromDay number: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = (number + 719_468).flooredDivision(by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
}

private func daysInMonth(_ month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
}

extension Int64 {
    /// Quotient rounded down, and the remainder, which is never negative.
    fileprivate func flooredDivision(by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

// MARK: - Text

/// Writes fixed-width numbers into a buffer.
private struct Digits {
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    mutating func put(_ number: Int64, _ width: Int, then mark: Unicode.Scalar) {
        var rest = number
        for index in (count..<(count + width)).reversed() {
            buffer.initializeElement(at: index, to: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        buffer.initializeElement(at: count + width, to: UInt8(ascii: mark))
        count += width + 1
    }
}

/// Reads fixed-width numbers from bytes.
private struct Scanner {
    private let text: UnsafeRawBufferPointer
    private var index = 0

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    var isAtEnd: Bool { index == text.count }

    mutating func digit() -> Int64? {
        guard index < text.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= text[index] else { return nil }
        index += 1
        return Int64(text[index - 1] - UInt8(ascii: "0"))
    }

    mutating func number(_ width: Int) -> Int64? {
        var number: Int64 = 0
        for _ in 0..<width {
            guard let digit = digit() else { return nil }
            number = number * 10 + digit
        }
        return number
    }

    mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard index < text.count, text[index] == UInt8(ascii: mark) else { return false }
        index += 1
        return true
    }

    /// Microseconds of the second: 0 without a point, nil if there are no digits or more than six.
    mutating func fraction() -> Int64? {
        guard take(".") else { return 0 }
        var (number, width): (Int64, Int) = (0, 0)
        while let digit = digit() {
            number = number * 10 + digit
            width += 1
            if width > 6 { return nil }
        }
        guard width > 0 else { return nil }
        return (width..<6).reduce(number) { scaled, _ in scaled * 10 }
    }

    /// Minutes east of UTC.
    mutating func offset() -> Int64? {
        if take("Z") { return 0 }
        let isWest = take("-")
        guard isWest || take("+"), let hour = number(2), take(":"), let minute = number(2), hour < 24, minute < 60
        else {
            return nil
        }
        return (isWest ? -1 : 1) * (hour * 60 + minute)
    }
}
