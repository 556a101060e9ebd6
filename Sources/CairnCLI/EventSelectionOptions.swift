import ArgumentParser
import Audit
import Cairn
import Determinism
import EventLog

/// Which events an export holds; filters combine, and an event must pass all of them.
struct EventSelectionOptions: ParsableArguments {
    @Option(help: "Only events of this run: its id, or the beginning of it.")
    var run: String?

    @Option(help: ArgumentHelp("Only this stream, as in job-ID.", valueName: "category-id"))
    var stream: String?

    @Option(help: "Only events of this type; may be given several times.")
    var type: [String] = []

    @Option(
        help: ArgumentHelp("From this position on, its event included.", valueName: "position"),
        transform: NumberArgument.position)
    var from: UInt64?

    @Option(
        help: ArgumentHelp("Up to this position, its event not included.", valueName: "position"),
        transform: NumberArgument.position)
    var to: UInt64?

    @Option(help: ArgumentHelp("Recorded at this time or later (RFC 3339).", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Recorded before this time (RFC 3339).", valueName: "time"))
    var until: String?

    /// The options by name, for the access trail.
    func chosen(run: String?) -> [String: String] {
        let options: [String: String?] = [
            "run": run, "stream": stream, "type": type.isEmpty ? nil : type.joined(separator: ","),
            "from": from.map { "\($0)" }, "to": to.map { "\($0)" }, "since": since, "until": until,
        ]
        return options.compactMapValues { $0 }
    }

    /// The run as queries name it; one that isn't there would give an export that is silently empty.
    func wholeRunID(in store: Store) throws -> String? {
        guard let wanted: String = run else { return nil }
        do {
            return try Queries(store).runIDs(Queries.Selection(run: wanted)).first.map { "\($0)" }
        } catch let error as QueryError {
            throw Failure(.usage, "\(error)")
        }
    }

    func filter() throws -> EventFilter {
        var filter = EventFilter.all
        if !type.isEmpty { filter.types = try type.map { try EventType(validating: $0) } }
        if let stream { filter.stream = try StreamName(stream) }
        let lower = Position(from ?? 0)
        guard lower.rawValue <= to ?? .max else { throw ValidationError("--from is after --to") }
        if from != nil || to != nil { filter.positions = lower..<Position(to ?? .max) }
        let (since, until) = (try since.map(MomentArgument.time), try until.map(MomentArgument.time))
        guard since ?? Self.earliest <= until ?? Self.latest else { throw ValidationError("--since is after --until") }
        if since != nil || until != nil { filter.times = (since ?? Self.earliest)..<(until ?? Self.latest) }
        return filter
    }

    private static let earliest = Timestamp(microseconds: .min)
    private static let latest = Timestamp(microseconds: .max)
}
