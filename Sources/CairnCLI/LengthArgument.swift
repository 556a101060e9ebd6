import ArgumentParser
import Determinism
import Jobs

/// A length of time on the command line: a whole number and its unit, as in `90s`, `30m`, `2h` or `7d`.
struct LengthArgument: ExpressibleByArgument, Equatable {
    let length: Microseconds

    init?(argument: String) {
        guard let count = WrittenQuantity.read(argument, in: WrittenQuantity.lengths) else { return nil }
        length = Microseconds(Int64(count))
    }
}
