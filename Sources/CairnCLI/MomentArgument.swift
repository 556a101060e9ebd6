import ArgumentParser
import Determinism
import EventLog
import Projections

/// A moment of the log's history on the command line: a position, or a time in RFC 3339.
struct MomentArgument: ExpressibleByArgument {
    let moment: AsOf

    init?(argument: String) {
        if let position = UInt64(argument) {
            moment = .position(Position(position))
        } else if let time = Timestamp(text: argument) {
            moment = .time(time)
        } else {
            return nil
        }
    }

    static func time(_ text: String) throws -> Timestamp {
        guard let time = Timestamp(text: text) else {
            throw ValidationError("«\(text)» isn't a time in RFC 3339, as in 2026-11-21T08:00:00Z")
        }
        return time
    }
}
