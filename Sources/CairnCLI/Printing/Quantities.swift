/// Numbers as people read them; JSON output has them exact.
enum Quantities {
    /// `1234567` → `1,234,567`.
    static func grouped(_ number: Int) -> String {
        let digits = String(number.magnitude)
        let groups = stride(from: digits.count, to: 0, by: -3).map { end in
            String(digits.dropFirst(max(0, end - 3)).prefix(min(3, end)))
        }
        return (number < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
    }

    /// A number with what is counted, as in `1 job` and `2,000 jobs`.
    static func counted(_ number: Int, _ thing: String) -> String {
        "\(grouped(number)) \(thing)\(number == 1 ? "" : "s")"
    }

    /// Bytes as B, kB, MB or GB, of 1,000 each.
    static func bytes(_ count: Int) -> String {
        switch count {
        case ..<1_000: "\(count) B"
        case ..<1_000_000: decimal(Double(count) / 1e3, places: 1) + " kB"
        case ..<1_000_000_000: decimal(Double(count) / 1e6, places: 1) + " MB"
        default: decimal(Double(count) / 1e9, places: 2) + " GB"
        }
    }

    /// Nano-dollars as dollars, with as many digits as the size deserves.
    static func dollars(nano: Int) -> String {
        let places = nano.magnitude >= 1_000_000_000 ? 2 : nano.magnitude >= 1_000_000 ? 4 : 6
        return "$" + decimal(Double(nano) / 1e9, places: places)
    }

    /// Nano-dollars as an option takes them: every digit, and no more.
    static func exactDollars(nano: Int) -> String {
        let fraction = String(String(nano.magnitude % 1_000_000_000 + 1_000_000_000).dropFirst())
        let digits = String(fraction.reversed().drop { $0 == "0" }.reversed())
        let padded = digits.count < 2 ? digits + String(repeating: "0", count: 2 - digits.count) : digits
        return (nano < 0 ? "-" : "") + "\(nano.magnitude / 1_000_000_000).\(padded)"
    }

    /// Microseconds as µs, ms, s, min or h.
    static func duration(microseconds: Int64) -> String {
        switch microseconds {
        case ..<1_000: "\(microseconds) µs"
        case ..<1_000_000: decimal(Double(microseconds) / 1e3, places: microseconds < 10_000 ? 1 : 0) + " ms"
        case ..<120_000_000: decimal(Double(microseconds) / 1e6, places: microseconds < 10_000_000 ? 1 : 0) + " s"
        case ..<7_200_000_000: "\(microseconds / 60_000_000) min"
        default: decimal(Double(microseconds) / 3.6e9, places: 1) + " h"
        }
    }

    /// A number with a fixed count of decimal places, rounded half to even, without any locale.
    static func decimal(_ value: Double, places: Int) -> String {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = (value * scale).rounded(.toNearestOrEven)
        guard scaled.magnitude < 9e15 else { return "\(value)" }
        let whole = Int(scaled.magnitude) / Int(scale)
        guard places > 0 else { return (scaled < 0 ? "-" : "") + "\(whole)" }
        let fraction = String(Int(scaled.magnitude) % Int(scale))
        return (scaled < 0 ? "-" : "") + "\(whole)." + String(repeating: "0", count: places - fraction.count) + fraction
    }
}
