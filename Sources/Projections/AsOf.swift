package import Determinism
package import EventLog

/// A moment of the log's history.
package enum AsOf: Equatable, Sendable {
    /// After the event at this position.
    case position(Position)
    /// After the last event whose recorded time is this or earlier.
    case time(Timestamp)

    /// The first position that isn't part of the history as of then.
    package func end(in log: any Log) throws(ViewError) -> Position {
        do throws(LogError) {
            switch self {
            case .position(let position):
                let size = try log.head().size
                guard position.rawValue < size else {
                    throw LogError(
                        .invalid, during: "looking back to position \(position)",
                        "the log has \(size) events, from position 0")
                }
                return position.next
            case .time(let time): return try Self.end(of: log, at: time)
            }
        } catch {
            throw error.code == .invalid ? ViewError(.moment, "\(error)") : .log(error)
        }
    }

    private static func end(of log: any Log, at time: Timestamp) throws(LogError) -> Position {
        let upToThen = EventFilter(
            times: Timestamp(microseconds: .min)..<Timestamp(microseconds: time.microseconds + 1))
        var from: Position?
        repeat {
            let page = try log.read(.backward, from: from, matching: upToThen, limit: 1)
            if let last = page.events.first { return last.position.next }
            from = page.next
        } while from != nil
        return .first
    }
}
