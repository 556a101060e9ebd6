import ArgumentParser
import Determinism
import Jobs

/// A length of time on the command line: seconds as a plain number, or a whole number and its unit, as in `90`, `0.5`,
/// `250ms`, `30m`, `2h` or `7d`.
struct LengthArgument: Equatable, CustomStringConvertible {
    private static let units = WrittenQuantity.lengths.merging(["w": 604_800_000_000]) { first, _ in first }
    private static let mostSeconds = 1e9
    private static let form = "a number of seconds, or a whole number with ms, s, m, h, d or w, as in 90, 250ms or 2h"

    let length: Microseconds
    /// As it was written.
    let description: String

    /// Nil for other text.
    init?(argument: String) {
        if let count = WrittenQuantity.read(argument, in: Self.units) {
            length = Microseconds(Int64(count))
        } else if let seconds = Self.seconds(argument) {
            length = Microseconds(Int64((seconds * 1e6).rounded()))
        } else {
            return nil
        }
        description = argument
    }

    /// What an option says that takes one; the error says what it takes.
    init(_ argument: String) throws {
        guard let length = Self(argument: argument) else {
            throw ValidationError("a length of time is \(Self.form)")
        }
        self = length
    }

    init(seconds: Int64) {
        length = .seconds(seconds)
        description = "\(seconds)s"
    }

    /// Digits and at most one point, as plain numbers are written.
    private static func seconds(_ text: String) -> Double? {
        let isPlain = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".")
        }
        guard isPlain, let seconds = Double(text), seconds <= mostSeconds else { return nil }
        return seconds
    }

    /// Throws for a length that an option doesn't take.
    func check(_ option: String, from least: String, to most: String) throws {
        guard let from = LengthArgument(argument: least), let to = LengthArgument(argument: most) else { return }
        guard (from.length...to.length).contains(length) else {
            throw ValidationError("\(option) takes a length of time from \(least) to \(most); found \(self)")
        }
    }
}
