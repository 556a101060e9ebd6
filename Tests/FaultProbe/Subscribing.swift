import Determinism
import EventLog

/// Follows a log until the process is killed.
enum Subscribing {
    /// How many positions stand on a line, so that it stays within a single write.
    private static let positionsOnALine = 256

    /// Prints `saw POSITION …` for each page.
    static func print(_ directory: String, from start: Position) async throws {
        let log = try LMDBLog.open(at: directory, LMDBLog.Options(access: .mustExist))
        Line.write("following")
        for try await page in log.subscribe(from: start) {
            var rest = page[...]
            while !rest.isEmpty {
                let line = rest.prefix(positionsOnALine)
                Line.write("saw " + line.map(\.position.description).joined(separator: " "))
                rest = rest.dropFirst(line.count)
            }
        }
    }

    /// Prints `saw POSITION MICROSECONDS`: how long after its recorded time each event was seen.
    static func watch(_ directory: String, from start: Position) async throws {
        let log = try LMDBLog.open(at: directory, LMDBLog.Options(access: .readOnly))
        Line.write("following")
        for try await page in log.subscribe(from: start) {
            let now = TimeSource.system.time().microseconds
            for event in page { Line.write("saw \(event.position) \(now - event.time.microseconds)") }
        }
    }
}
