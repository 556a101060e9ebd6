import ArgumentParser

/// A number of bytes on the command line: a whole number and its unit, as in `512MB` or `2GiB`.
struct SizeArgument: ExpressibleByArgument, Equatable {
    let bytes: Int

    private static let units = [
        "B": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
    ]

    /// At most seven digits, so that no product overflows.
    init?(argument: String) {
        let digits = argument.prefix { ("0"..."9").contains($0) }
        guard (1...7).contains(digits.count), let count = Int(digits), count > 0,
            let unit = Self.units[String(argument.dropFirst(digits.count))]
        else { return nil }
        bytes = count * unit
    }
}
