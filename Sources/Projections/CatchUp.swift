package import EventLog

/// Brings several read models to one position of the log, reading each event once for all that need it.
///
/// A track is building until it has caught up for the first time; then it takes over and is live. A live one that fell
/// behind is catching up. One whose projector failed is stopped, and doesn't hold up the others.
package struct CatchUp: Sendable {
    package enum Phase: Equatable, Sendable {
        case building, catchingUp, live, stopped
    }

    package struct Track: Equatable, Sendable {
        package internal(set) var position: Position
        package internal(set) var phase: Phase
    }

    package enum Action: Equatable, Sendable {
        /// Fold the events from `from` up to and not including `to` into these tracks, and commit them there.
        case feed([Int], from: Position, to: Position)
        /// Let the tables of this track answer queries from now on.
        case takeOver(Int)
        case finished
    }

    package private(set) var tracks: [Track]
    private let target: Position
    private let batch: UInt64

    /// `building` says which tracks have never caught up; `batch` limits how many positions are folded at once.
    package init(from starts: [(position: Position, isBuilding: Bool)], to target: Position, batch: Int) {
        precondition(batch > 0, "a batch has events")
        self.target = target
        self.batch = UInt64(batch)
        tracks = starts.map { start in
            Track(
                position: start.position,
                phase: start.isBuilding ? .building : start.position < target ? .catchingUp : .live)
        }
    }

    /// What to do next; the same until something is reported.
    package func next() -> Action {
        if let ready = tracks.firstIndex(where: { $0.phase == .building && $0.position >= target }) {
            return .takeOver(ready)
        }
        let behind = tracks.indices.filter { tracks[$0].phase != .stopped && tracks[$0].position < target }
        guard let from = behind.map({ tracks[$0].position }).min() else { return .finished }
        let together = behind.filter { tracks[$0].position == from }
        let nextStart = behind.map { tracks[$0].position }.filter { $0 > from }.min() ?? target
        let batchEnd = Position(from.rawValue + min(batch, target.rawValue - from.rawValue))
        return .feed(together, from: from, to: min(nextStart, batchEnd))
    }

    /// The track's tables stand at `position` in the store: it was fed, or another process fed it.
    package mutating func moved(_ track: Int, to position: Position, isBuilding: Bool) {
        tracks[track].position = position
        tracks[track].phase = isBuilding ? .building : position < target ? .catchingUp : .live
    }

    /// The projector failed; its tables stay where they are.
    package mutating func failed(_ track: Int) {
        tracks[track].phase = .stopped
    }
}
