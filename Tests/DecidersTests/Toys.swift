import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog

struct DoorOpened: EventPayload {
    static let type = EventType("door.opened")
    static let version = 3
    /// Version 1 had `who`, version 2 renamed it, version 3 added `closes`.
    static let upcasters = [
        Upcaster(name: "DoorOpenedV1ToV2", from: 1) { data in
            guard var object = data.object, let who = object["who"] else { throw Unreadable() }
            object["who"] = nil
            object["by"] = who
            return .object(object)
        },
        Upcaster(name: "DoorOpenedV2ToV3", from: 2) { data in
            guard var object = data.object else { throw Unreadable() }
            object["closes"] = 0
            return .object(object)
        },
    ]
    struct Unreadable: Error {}

    let by: String
    let closes: Timestamp

    init(by: String, closes: Timestamp) {
        self.by = by
        self.closes = closes
    }

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("by", by)
        writer.field("closes", closes)
        writer.endObject()
    }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        by = try reader.field("by")
        closes = try reader.field("closes")
        try reader.endObject()
    }
}

struct DoorClosed: EventPayload {
    static let type = EventType("door.closed")
    static let version = 1

    init() {}

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.endObject()
    }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        try reader.endObject()
    }
}

enum DoorEvent: EventFamily {
    case opened(DoorOpened)
    case closed(DoorClosed)

    var payload: any EventPayload {
        switch self {
        case .opened(let payload): payload
        case .closed(let payload): payload
        }
    }

    init?(_ payload: any EventPayload) {
        switch payload {
        case let payload as DoorOpened: self = .opened(payload)
        case let payload as DoorClosed: self = .closed(payload)
        default: return nil
        }
    }

    static let types: [any EventPayload.Type] = [DoorOpened.self, DoorClosed.self]
}

/// A door that one person at a time holds open for a second.
enum Door: Decider {
    enum State: Sendable, Equatable {
        case closed
        case open(by: String, closes: Timestamp)
    }

    enum Command: Sendable {
        case open(by: String, at: Timestamp)
        case close
    }

    enum Refusal: Error, Equatable {
        case heldBy(String)
    }

    static let category = "door"
    static let initial = State.closed

    static func evolve(_ state: State, _ event: DoorEvent) -> State {
        switch event {
        case .opened(let payload): .open(by: payload.by, closes: payload.closes)
        case .closed: .closed
        }
    }

    static func decide(_ command: Command, _ state: State) throws(Refusal) -> [DoorEvent] {
        switch (command, state) {
        case (.open(let who, _), .open(let holder, _)) where who == holder: return []
        case (.open(let who, let now), .open(_, let closes)) where closes <= now:
            return [.closed(DoorClosed()), .opened(DoorOpened(by: who, closes: now + .seconds(1)))]
        case (.open, .open(let holder, _)): throw .heldBy(holder)
        case (.open(let who, let now), .closed):
            return [.opened(DoorOpened(by: who, closes: now + .seconds(1)))]
        case (.close, .open): return [.closed(DoorClosed())]
        case (.close, .closed): return []
        }
    }
}

/// Effects at a time that stands still, which count how often they were asked.
func effects(at clock: VirtualClock) -> Effects { .live(.virtual(clock)) }

/// Records bytes of some version under a door's name.
func record(
    _ type: EventType, version: Int, _ data: String, in log: MemoryLog, stream id: String = "a"
) async throws -> Event {
    let commit = Commit(
        stream: try StreamName(category: "door", id: id), expected: .any,
        events: [NewEvent(type: type, version: version, time: .epoch, data: Array(data.utf8))])
    let appended = try await log.append(commit)
    return log.events[Int(appended.first.rawValue)]
}
