internal import Determinism

/// How long a provider asks to wait before the next attempt, from the headers of its answer.
enum RetryHint {
    /// The first form that is there and makes sense: milliseconds, seconds, a date.
    ///
    /// Nil if none does.
    static func delay(_ headers: [String: String]) -> Microseconds? {
        if let delay = headers["retry-after-ms"].flatMap({ microseconds($0, perUnit: 1_000) }) { return delay }
        guard let text = headers["retry-after"] else { return nil }
        return microseconds(text, perUnit: 1_000_000) ?? delay(until: text, from: headers["date"])
    }

    /// A duration as protobuf writes it in JSON: `41.52s`.
    static func delay(duration text: String) -> Microseconds? {
        text.hasSuffix("s") ? microseconds(String(text.dropLast()), perUnit: 1_000_000) : nil
    }

    /// A decimal number of a unit, fractions allowed, never negative; beyond 2^53−1 µs it says nothing.
    private static func microseconds(_ text: String, perUnit unit: Double) -> Microseconds? {
        let digits = trimmed(text)
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }),
            let number = Double(digits)
        else { return nil }
        let count = (number * unit).rounded(.up)
        return count <= 0x1p53 - 1 ? Microseconds(Int64(count)) : nil
    }

    /// From the moment at which the server says it answered to the one it names, so that our clock plays no part.
    private static func delay(until date: String, from now: String?) -> Microseconds? {
        guard let until = moment(date), let now = now.flatMap(moment) else { return nil }
        return max(until - now, .zero)
    }

    /// A date as servers must send it (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func moment(_ date: String) -> Timestamp? {
        let parts = trimmed(date).split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", parts[1].count == 2, parts[3].count == 4,
            let month = months.firstIndex(of: String(parts[2]))
        else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return Timestamp("\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func trimmed(_ text: String) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
