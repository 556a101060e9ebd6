import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Replay

/// A small program to be run and run again: workers count things, in streams of their own and in one that they share.
struct Counted: EventPayload {
    static let type = EventType("thing.counted")
    static let version = 1

    var by: String
    var number: Int

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("by", by)
        writer.field("number", number)
        writer.endObject()
    }

    init(by: String, number: Int) {
        self.by = by
        self.number = number
    }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        by = try reader.field("by")
        number = try reader.field("number")
        try reader.endObject()
    }
}

/// The sum of numbers, derived from the events of a stream.
struct Summed: EventPayload {
    static let type = EventType("thing.summed")
    static let version = 1
    static let function = FunctionReference(name: "test.sum", version: 1)

    var sum: Int

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("sum", sum)
        writer.endObject()
    }

    init(sum: Int) { self.sum = sum }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        sum = try reader.field("sum")
        try reader.endObject()
    }

    static let derivation = Derivation(function: function, eventTypes: [type]) {
        (input) throws(DerivationError) -> [UInt8] in
        var sum = 0
        for cause in input.causes {
            do throws(CatalogueError) {
                sum += try cause.decode(Counted.self).number
            } catch {
                throw .unreadable("\(error)")
            }
        }
        return Summed(sum: sum).canonicalBytes()
    }
}

enum CountingEvent: EventFamily {
    case counted(Counted)
    case summed(Summed)

    static let types: [any EventPayload.Type] = [Counted.self, Summed.self]

    var payload: any EventPayload {
        switch self {
        case .counted(let payload): payload
        case .summed(let payload): payload
        }
    }

    init?(_ payload: any EventPayload) {
        switch payload {
        case let payload as Counted: self = .counted(payload)
        case let payload as Summed: self = .summed(payload)
        default: return nil
        }
    }
}

enum Counting: Decider {
    struct State: Sendable, Equatable {
        var numbers: [Int] = []
        var isSummed = false
    }
    enum Command: Sendable {
        case count(upTo: Int, by: String)
        case sum
    }
    enum Refusal: Error, Sendable, Equatable { case closed }

    static let category = "thing"
    static let initial = State()

    static func evolve(_ state: State, _ event: CountingEvent) -> State {
        var state = state
        switch event {
        case .counted(let counted): state.numbers.append(counted.number)
        case .summed: state.isSummed = true
        }
        return state
    }

    static func decide(_ command: Command, _ state: State) throws(Refusal) -> [CountingEvent] {
        switch command {
        case .count(let limit, let worker):
            if state.numbers.count >= limit { return [] }
            if state.isSummed { throw .closed }
            return [.counted(Counted(by: worker, number: state.numbers.count + 1))]
        case .sum:
            return state.isSummed ? [] : [.summed(Summed(sum: state.numbers.reduce(0, +)))]
        }
    }
}

/// Counts to `limit` in each of `things` streams at once, and sums each; resumes where an earlier worker stopped.
///
/// Ends as if killed once the log has `end` events.
func count(
    _ things: Int, upTo limit: Int, by worker: String, in log: any Log, _ effects: Effects, killedAt end: UInt64 = .max
) async throws {
    let handler = CommandHandler<Counting>(log: log, effects: effects, worker: worker)
    try await withThrowingTaskGroup(of: Void.self) { group in
        for thing in 0..<things {
            group.addTask {
                let id = "t\(thing)"
                for step in 1...limit {
                    try Task.checkCancellation()
                    if try log.head().size >= end { throw CancellationError() }
                    _ = try await handler.handle(id) { _ in .count(upTo: step, by: worker) }
                }
                let positions = try log.readStream(StreamName(category: "thing", id: id)).map(\.position)
                _ = try await handler.handle(
                    id, cause: { _ in Cause(function: Summed.function, positions: Array(positions.prefix(limit))) },
                    from: try handler.load(id)
                ) { _ in .sum }
            }
        }
        try await group.waitForAll()
    }
}
