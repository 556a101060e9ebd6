import ArgumentParser
import Determinism
import EventLog
import Projections

/// A moment of the log's history on the command line: a position, or a time in RFC 3339.
struct MomentArgument: Sendable {
    /// What the options that take one say of it.
    static let help = ArgumentHelp(
        "As of this position, its event included, or as of this time (RFC 3339).", valueName: "moment")

    let moment: AsOf

    init(argument: String) throws {
        if let position = UInt64(argument) {
            moment = .position(Position(position))
        } else if let time = Timestamp(text: argument) {
            moment = .time(time)
        } else {
            throw ValidationError(
                "a moment is a position, a whole number from 0 whose event is included, or a time in RFC 3339, as in "
                    + "2026-11-21T08:00:00Z")
        }
    }

    static func time(_ text: String) throws -> Timestamp {
        guard let time = Timestamp(text: text) else {
            throw ValidationError("«\(text)» isn't a time in RFC 3339, as in 2026-11-21T08:00:00Z")
        }
        return time
    }
}
