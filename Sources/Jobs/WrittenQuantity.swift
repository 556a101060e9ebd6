/// Quantities as people write them in files and arguments: a whole number and its unit.
package enum WrittenQuantity {
    /// Microseconds of each unit of time.
    package static let lengths = [
        "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000,
    ]

    /// Bytes of each unit of size.
    package static let sizes = [
        "B": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
    ]

    /// As in `250ms` or `2GiB`; nil for other text.
    ///
    /// At most seven digits, so that no product overflows.
    package static func read(_ text: String, in units: [String: Int]) -> Int? {
        let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard (1...7).contains(digits.count), let count = Int(Substring(digits)),
            let unit = units[String(text.dropFirst(digits.count))]
        else { return nil }
        return count * unit
    }
}
