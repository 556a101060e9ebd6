package import CanonicalJSON
import Determinism
package import EventLog

/// How the events of two logs differ: how many there are of each type, and the first that isn't the same.
package struct EventDiff: Equatable, Sendable {
    package struct Count: Equatable, Sendable {
        package let type: EventType
        package fileprivate(set) var first: Int
        package fileprivate(set) var second: Int
    }

    /// The first event that the two don't share.
    package struct Difference: Equatable, Sendable {
        /// One side of it; nil on the side that has come to its end.
        package let first: Place?
        package let second: Place?
        /// Where both have an event of the same stream and type.
        package let fields: [FieldDifference]

        package struct Place: Equatable, Sendable {
            package let position: Position
            package let stream: StreamName
            package let type: EventType
        }
    }

    /// By type, in order of name.
    package private(set) var counts: [Count] = []
    package private(set) var firstDifference: Difference?

    package init() {}

    package var isIdentical: Bool { firstDifference == nil && counts.allSatisfy { $0.first == $0.second } }

    /// Counts an event of the first log or the second.
    package mutating func count(_ type: EventType, inFirst isFirst: Bool) {
        let place = counts.firstIndex { $0.type >= type } ?? counts.count
        if place == counts.count || counts[place].type != type {
            counts.insert(Count(type: type, first: 0, second: 0), at: place)
        }
        if isFirst { counts[place].first += 1 } else { counts[place].second += 1 }
    }

    /// Compares the next event of each log, until two differ.
    ///
    /// Positions and causes aren't compared: they are others wherever one log has an event more. `isPlace` says which fields
    /// of the data have nothing but positions, and aren't compared for the same reason.
    package mutating func compare(
        _ first: Event?, _ second: Event?, isPlace: (EventType, _ path: String) -> Bool = { _, _ in false }
    ) throws(JSONError) {
        guard firstDifference == nil, first != nil || second != nil else { return }
        if let first, let second, first.hasType(second.type), first.stream == second.stream {
            if first.time == second.time, first.version == second.version, first.dataBytes == second.dataBytes {
                return
            }
            let all = FieldDifference.between(
                recorded: try JSONParser.parse(first.dataBytes), derived: try JSONParser.parse(second.dataBytes))
            var fields = all.filter { !isPlace(first.type, $0.path) }
            let isOnlyMoved = fields.isEmpty && !all.isEmpty
            if isOnlyMoved, first.time == second.time, first.version == second.version { return }
            if first.time != second.time {
                fields.append(
                    FieldDifference(
                        path: "time", recorded: .string(first.time.text), derived: .string(second.time.text)))
            }
            firstDifference = Difference(first: Self.place(first), second: Self.place(second), fields: fields)
        } else {
            firstDifference = Difference(first: first.map(Self.place), second: second.map(Self.place), fields: [])
        }
    }

    private static func place(_ event: Event) -> Difference.Place {
        Difference.Place(position: event.position, stream: event.stream, type: event.type)
    }
}

extension EventDiff {
    /// Compares the events that `isWanted` lets through, side by side in their order.
    package static func between(
        _ first: any Log, _ second: any Log, where isWanted: (Event, _ isFirst: Bool) throws -> Bool,
        isPlace: (EventType, _ path: String) -> Bool
    ) throws -> EventDiff {
        var diff = EventDiff()
        var left = PagedEvents(first)
        var right = PagedEvents(second)
        while true {
            let one = try left.next { try isWanted($0, true) }
            let other = try right.next { try isWanted($0, false) }
            if one == nil, other == nil { return diff }
            if let one { diff.count(one.type, inFirst: true) }
            if let other { diff.count(other.type, inFirst: false) }
            try diff.compare(one, other, isPlace: isPlace)
        }
    }
}

/// The events of a log one by one, read in pages.
private struct PagedEvents {
    private static let pageSize = 1_024
    private let log: any Log
    private var from: Position? = .first
    private var page: ArraySlice<Event> = []

    init(_ log: any Log) { self.log = log }

    mutating func next(where isWanted: (Event) throws -> Bool) throws -> Event? {
        while true {
            while let event = page.popFirst() { if try isWanted(event) { return event } }
            guard let start = from else { return nil }
            let next = try log.read(.forward, from: start, matching: .all, limit: Self.pageSize)
            page = next.events[...]
            from = next.next
        }
    }
}

extension EventDiff.Count: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("first", first)
        writer.field("second", second)
        writer.field("type", type)
        writer.endObject()
    }
}

extension EventDiff.Difference.Place: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("position", position)
        writer.field("stream", stream)
        writer.field("type", type)
        writer.endObject()
    }
}

extension EventDiff.Difference: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("fields") { writer in
            writer.beginArray()
            for field in fields {
                writer.beginObject()
                writer.optionalField("first", field.recorded)
                writer.field("path", field.path)
                writer.optionalField("second", field.derived)
                writer.endObject()
            }
            writer.endArray()
        }
        writer.optionalField("first", first)
        writer.optionalField("second", second)
        writer.endObject()
    }
}

extension EventDiff: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("counts", counts)
        writer.optionalField("firstDifference", firstDifference)
        writer.endObject()
    }
}
