import Determinism
import EventLog

/// Which streams a copy gives the places to whose events a bundle doesn't have.
///
/// Where a bundle has an event of a stream without those before it, the copy has `log.withheld` in that stream, as often as
/// events are missing and between the places where they must have been, so that every event keeps its revision. What is
/// over goes into a stream of its own.
struct WithheldPlaces {
    /// Places in a row that one stream gets.
    struct Part: Equatable {
        let stream: StreamName
        let places: Range<UInt64>
        /// Of the first of them.
        let revision: UInt64
    }

    /// What a stream lacks before one of its events.
    private struct Need {
        let stream: StreamName
        /// The place of the event before which it lacks them.
        let end: UInt64
        /// Of the next that it gets.
        var revision: UInt64
        var missing: UInt64
    }

    /// What is open: the events that need places soonest are last.
    private var open: [Need] = []
    /// What becomes open when the event that a place belongs to has passed.
    private var gaps: [Range<UInt64>] = []
    private var needs: [(begin: UInt64, need: Need)] = []
    private var last: [StreamName: (place: UInt64, revision: UInt64)] = [:]
    private var next: UInt64 = 0

    /// Hears of every event of a bundle, in order.
    mutating func take(_ stream: StreamName, _ revision: Revision, at position: Position) throws(BundleError) {
        let place = position.rawValue
        guard place >= next else { throw BundleError("the event at position \(place) is out of order") }
        if place > next { gaps.append(next..<place) }
        next = place + 1
        let before = last.updateValue((place, revision.rawValue), forKey: stream)
        let expected = before.map { $0.revision + 1 } ?? 0
        guard revision.rawValue >= expected else {
            throw BundleError("the event at position \(place) has a revision that its stream has already")
        }
        guard revision.rawValue > expected else { return }
        needs.append(
            (
                before.map { $0.place + 1 } ?? 0,
                Need(stream: stream, end: place, revision: expected, missing: revision.rawValue - expected)
            ))
    }

    /// The parts of all places without an event, in order.
    ///
    /// Whoever needs places soonest gets them first; if that isn't enough for all, nothing is, and the bundle was changed.
    mutating func parts(others: StreamName) throws(BundleError) -> [Part] {
        needs.sort { $0.begin < $1.begin }
        var waiting = needs[...]
        var parts: [Part] = []
        var surplus: UInt64 = 0
        for gap in gaps {
            while let first = waiting.first, first.begin <= gap.lowerBound {
                insert(first.need)
                waiting = waiting.dropFirst()
            }
            var place = gap.lowerBound
            while place < gap.upperBound, let soonest = open.last, soonest.end >= gap.upperBound {
                let count = min(soonest.missing, gap.upperBound - place)
                parts.append(Part(stream: soonest.stream, places: place..<place + count, revision: soonest.revision))
                place += count
                open.removeLast()
                guard count < soonest.missing else { continue }
                var rest = soonest
                rest.missing -= count
                rest.revision += count
                open.append(rest)
            }
            if place < gap.upperBound {
                parts.append(Part(stream: others, places: place..<gap.upperBound, revision: surplus))
                surplus += gap.upperBound - place
            }
        }
        if let unmet = open.last ?? waiting.first?.need {
            throw BundleError(
                "the stream \(unmet.stream) has an event at position \(unmet.end) and no places for those before it")
        }
        return parts
    }

    private mutating func insert(_ need: Need) {
        var (low, high) = (0, open.count)
        while low < high {
            let middle = (low + high) / 2
            if open[middle].end > need.end { low = middle + 1 } else { high = middle }
        }
        open.insert(need, at: low)
    }
}
