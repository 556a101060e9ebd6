import ArgumentParser
import Jobs

/// A number of bytes on the command line: a whole number and its unit, as in `512MB` or `2GiB`; not 0.
struct SizeArgument: ExpressibleByArgument, Equatable {
    let bytes: Int

    init?(argument: String) {
        guard let bytes = WrittenQuantity.read(argument, in: WrittenQuantity.sizes), bytes > 0 else { return nil }
        self.bytes = bytes
    }
}
