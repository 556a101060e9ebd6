import ArgumentParser
import Determinism

/// A length of time on the command line: a whole number and its unit, as in `90s`, `30m`, `2h` or `7d`.
struct LengthArgument: ExpressibleByArgument, Equatable {
    let length: Microseconds

    private static let units: [(name: String, microseconds: Int64)] = [
        ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000), ("d", 86_400_000_000),
    ]

    /// At most seven digits, so that no product overflows.
    init?(argument: String) {
        let digits = argument.prefix { ("0"..."9").contains($0) }
        let unit = Self.units.first { $0.name == argument.dropFirst(digits.count) }
        guard (1...7).contains(digits.count), let count = Int64(digits), let unit else { return nil }
        length = Microseconds(count * unit.microseconds)
    }
}
