import CanonicalJSON
import Determinism
import EventLog
import Replay
import Testing

@Suite struct EventDiffTests {
    private static func event(_ stream: String, _ data: String, at position: UInt64, time: Int64 = 0) throws -> Event {
        let new = NewEvent(
            type: EventType("thing.happened"), version: 1, time: Timestamp(microseconds: time), data: Array(data.utf8))
        return try Event(
            proposed: new, in: try StreamName(category: "thing", id: stream), revision: .first, at: Position(position))
    }

    @Test func `events at other positions are the same, and other data names its field`() throws {
        var diff = EventDiff()
        try diff.compare(try Self.event("a", #"{"n":1}"#, at: 0), try Self.event("a", #"{"n":1}"#, at: 5))
        #expect(diff.firstDifference == nil)
        try diff.compare(try Self.event("a", #"{"n":1}"#, at: 1), try Self.event("a", #"{"n":2}"#, at: 6))
        #expect(diff.firstDifference?.fields.map(\.path) == ["$.n"])
        #expect(diff.firstDifference?.second?.position == Position(6))
        try diff.compare(try Self.event("a", #"{"n":1}"#, at: 2), nil)
        #expect(diff.firstDifference?.first?.position == Position(1))
    }

    @Test func `a field that has nothing but a position doesn't count, and the others do`() throws {
        let isPlace = { (type: EventType, path: String) in type.text == "thing.happened" && path == "$.at" }
        var diff = EventDiff()
        try diff.compare(
            try Self.event("a", #"{"at":1,"n":1}"#, at: 0), try Self.event("a", #"{"at":2,"n":1}"#, at: 1),
            isPlace: isPlace)
        #expect(diff.firstDifference == nil)
        var later = diff
        try later.compare(
            try Self.event("a", #"{"at":1,"n":1}"#, at: 0), try Self.event("a", #"{"at":2,"n":1}"#, at: 1, time: 7),
            isPlace: isPlace)
        #expect(later.firstDifference?.fields.map(\.path) == ["time"])
        try diff.compare(
            try Self.event("a", #"{"at":1,"n":1}"#, at: 0), try Self.event("a", #"{"at":2,"n":3}"#, at: 1),
            isPlace: isPlace)
        #expect(diff.firstDifference?.fields.map(\.path) == ["$.n"])
    }

    @Test func `another stream, another time and an end are differences`() throws {
        var stream = EventDiff()
        try stream.compare(try Self.event("a", "{}", at: 0), try Self.event("b", "{}", at: 0))
        #expect(stream.firstDifference?.fields.isEmpty == true)
        var time = EventDiff()
        try time.compare(try Self.event("a", "{}", at: 0), try Self.event("a", "{}", at: 0, time: 1))
        #expect(time.firstDifference?.fields.map(\.path) == ["time"])
        var end = EventDiff()
        try end.compare(nil, try Self.event("a", "{}", at: 3))
        #expect(end.firstDifference?.first == nil && end.firstDifference?.second?.position == Position(3))
    }
}
