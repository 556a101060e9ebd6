import CanonicalJSON
package import Determinism
package import EventLog

/// An event of a fork that is about to be written, in the fork's own positions.
package struct ForkDraft: Sendable {
    package let stream: StreamName
    package var type: EventType
    package var version: Int
    package let time: Timestamp
    package var data: [UInt8]
    package var metadata: EventMetadata
    /// Blobs that the parent doesn't have.
    package var blobs: [Blob] = []

    package init(
        stream: StreamName, type: EventType, version: Int, time: Timestamp, data: [UInt8], metadata: EventMetadata,
        blobs: [Blob] = []
    ) {
        self.stream = stream
        self.type = type
        self.version = version
        self.time = time
        self.data = data
        self.metadata = metadata
        self.blobs = blobs
    }

    package var event: NewEvent {
        NewEvent(type: type, version: version, time: time, data: data, metadata: metadata.canonicalBytes())
    }
}

/// Where the parent's events are in the fork.
package struct ForkPositions: Sendable {
    /// By position of the parent; `absent` for those that were left out.
    private var places: [UInt64] = []
    private static let absent = UInt64.max

    package init() {}

    /// Notes where the next event of the parent is; nil if it isn't there.
    package mutating func append(_ position: Position?) { places.append(position?.rawValue ?? Self.absent) }

    /// Lets a later event take the place of one that was left out.
    package mutating func set(_ position: Position, for parent: Position) {
        places[Int(parent.rawValue)] = position.rawValue
    }

    package subscript(parent: Position) -> Position? {
        guard parent.rawValue < places.count else { return nil }
        let place = places[Int(parent.rawValue)]
        return place == Self.absent ? nil : Position(place)
    }

    /// Where the part of the parent that ends before a position ends in the fork.
    package func end(_ parent: Position, next: Position) -> Position {
        var place = Int(min(parent.rawValue, UInt64(places.count)))
        while place < places.count, places[place] == Self.absent { place += 1 }
        return place < places.count ? Position(places[place]) : next
    }
}
