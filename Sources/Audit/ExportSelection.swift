package import Deciders
package import Determinism
package import EventLog

/// Which events an export holds.
package struct ExportSelection: Equatable, Sendable {
    /// Streams, types, positions and times.
    package var filter: EventFilter
    /// Only what belongs to this run: its own stream, and every event whose metadata names it.
    package var run: String?

    package init(filter: EventFilter = .all, run: String? = nil) {
        self.filter = filter
        self.run = run
    }

    /// Whether an event that passed the filter belongs to the run.
    package func includes(_ event: Event) throws -> Bool {
        guard let run else { return true }
        if event.stream.category == "run", event.stream.id == run { return true }
        return try event.metadata().run == run
    }
}

/// What becomes of the blobs that the events name.
package enum BlobPlacement: Equatable, Sendable {
    /// They stay in the store; the hashes remain.
    case omitted
    /// Each line carries the blobs that its event names.
    case inline
    /// Each blob becomes a file named by its hash, in this directory.
    case beside(directory: String)
}

extension EventCatalogue {
    /// The blobs that an event names in its data and its cause, in order; those of an unknown type in its cause alone.
    package func blobs(namedBy event: Event) throws -> [Digest] {
        Self.blobs(namedBy: try decode(event), try event.metadata().cause)
    }

    /// The same of an event's payload, if its type is known, and its cause.
    static func blobs(namedBy payload: (any EventPayload)?, _ cause: Cause?) -> [Digest] {
        let named = payload?.blobs ?? []
        let cited = cause?.blobs ?? []
        return named + cited.filter { !named.contains($0) }
    }
}

extension EventFilter {
    /// The same without what is at a position or behind it.
    package func ending(at end: Position) -> EventFilter {
        var filter = self
        let lower = positions?.lowerBound ?? .first
        filter.positions = min(lower, end)..<min(positions?.upperBound ?? end, end)
        return filter
    }
}
