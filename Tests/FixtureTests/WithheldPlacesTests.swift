import Determinism
import EventLog
import Testing

@testable import Cairn

@Suite struct WithheldPlacesTests {
    private static func stream(_ name: String) throws -> StreamName { try StreamName("s-\(name)") }
    private static var others: StreamName { get throws { try StreamName("withheld-events") } }

    /// The name of the stream at each place that has no event, from what stands where in a log.
    private static func filled(
        _ log: [(stream: String, revision: UInt64)], keeping: Set<Int>
    ) throws -> [Int: (stream: StreamName, revision: UInt64)] {
        var withheld = WithheldPlaces()
        for (place, event) in log.enumerated() where keeping.contains(place) {
            try withheld.take(try stream(event.stream), Revision(event.revision), at: Position(UInt64(place)))
        }
        var filled: [Int: (stream: StreamName, revision: UInt64)] = [:]
        for part in try withheld.parts(others: try others) {
            for (offset, place) in part.places.enumerated() {
                #expect(filled[Int(place)] == nil, "place \(place) is given twice")
                filled[Int(place)] = (part.stream, part.revision + UInt64(offset))
            }
        }
        return filled
    }

    @Test func withoutGapsInStreamsAllElseGoesToAStreamOfItsOwn() throws {
        let filled = try Self.filled(
            [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2)], keeping: [0, 2, 4])
        #expect(filled.keys.sorted() == [1, 3])
        #expect(try filled[1]?.stream == Self.others && filled[1]?.revision == 0)
        #expect(try filled[3]?.stream == Self.others && filled[3]?.revision == 1)
    }

    @Test func whatAStreamLacksStandsBeforeItsEvent() throws {
        let filled = try Self.filled(
            [("a", 0), ("a", 1), ("b", 0), ("a", 2), ("b", 1), ("b", 2)], keeping: [3, 5])
        let streams = [0, 1, 2, 4].map { filled[$0]?.stream.text }
        #expect(streams.filter { $0 == "s-a" }.count == 2 && streams.filter { $0 == "s-b" }.count == 2)
        #expect(streams.prefix(2) == ["s-a", "s-a"], "the one that needs places sooner has them first")
    }

    @Test func aRevisionThatCannotBeIsRefused() throws {
        #expect(throws: BundleError.self) { try Self.filled([("a", 2), ("b", 0)], keeping: [0]) }
        #expect(throws: BundleError.self) { try Self.filled([("b", 0), ("a", 0), ("a", 3)], keeping: [1, 2]) }
        #expect(throws: BundleError.self) { try Self.filled([("a", 1), ("b", 0), ("a", 0)], keeping: [0, 2]) }
        #expect(throws: BundleError.self) { try Self.filled([("b", 0), ("a", 1 << 50)], keeping: [1]) }
    }

    /// Whatever is kept of whatever log: streams continue, and every place has an event.
    @Test func everyPartOfEveryLogCanBeFilled() throws {
        let seed = UInt64.random(in: 0..<1 << 32)
        print("everyPartOfEveryLogCanBeFilled: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var next: [String: UInt64] = [:]
            let log = (0..<Int(random.uniform(below: 60) + 1)).map { _ in
                let name = "\(random.uniform(below: 5))"
                defer { next[name, default: 0] += 1 }
                return (stream: name, revision: next[name, default: 0])
            }
            let keeping = Set(log.indices.filter { _ in random.uniform(below: 3) == 0 })
            guard let last = keeping.max() else { continue }
            let filled = try Self.filled(log, keeping: keeping)
            var seen: [String: UInt64] = [:]
            for place in 0...last {
                let kept = (stream: try Self.stream(log[place].stream), revision: log[place].revision)
                let event = filled[place] ?? kept
                #expect((filled[place] == nil) == keeping.contains(place))
                #expect(event.revision == seen[event.stream.text] ?? 0, "place \(place) of \(log), \(keeping)")
                seen[event.stream.text] = event.revision + 1
            }
        }
    }
}
