package import CanonicalJSON
import EventLog
import Jobs
import Projections

/// When snapshots of read models are taken: by questions about the past as far as they need them, by a command, and
/// some by each run that ends, so that a long log has them when somebody looks back.
package enum SnapshotPolicy {
    /// Logs shorter than this, and what was added since the last snapshots, are folded faster than anybody notices.
    package static let mostEventsWithout: UInt64 = 8 * ProjectionRunner.usualWindow
    /// How many windows a run that ends takes snapshots of: a second or two.
    package static let windowsAtOnce: UInt32 = 16

    /// How many windows are due when so many events have no snapshot.
    package static func windowsDue(eventsWithout: UInt64) -> UInt32 {
        eventsWithout < mostEventsWithout ? 0 : windowsAtOnce
    }
}

/// What taking snapshots came to.
package struct SnapshotReport: Equatable, Sendable {
    package let events: UInt64
    /// Of those: behind the last snapshot.
    package let eventsWithout: UInt64
    package let models: [String]
}

extension Store {
    /// The read models that can be asked about the past; what workers alone ask has none.
    private var askedModels: [any Projector.Type] { Catalogues.projectors.all.filter { $0 != ReadyQueue.self } }

    /// Takes all snapshots that are missing.
    package func takeSnapshots() throws -> SnapshotReport {
        try views.takeSnapshots(of: askedModels)
        return SnapshotReport(
            events: try log.head().size, eventsWithout: try views.eventsWithoutSnapshot(of: askedModels),
            models: askedModels.map { $0.name })
    }

    /// Takes the snapshots that are due after a run, of the read models that are in use.
    package func keepSnapshots() throws {
        guard !log.isReadOnly, try log.head().size >= SnapshotPolicy.mostEventsWithout else { return }
        let inUse = Set(try views.progress().filter { $0.phase != .building }.map(\.projector))
        let models = askedModels.filter { inUse.contains($0.name) }
        guard !models.isEmpty else { return }
        let due = SnapshotPolicy.windowsDue(eventsWithout: try views.eventsWithoutSnapshot(of: models))
        if due > 0 { try views.takeSnapshots(of: models, atMost: due) }
    }
}

extension SnapshotReport: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("events", events)
        writer.field("eventsWithoutSnapshot", eventsWithout)
        writer.field("models", models)
        writer.endObject()
    }
}
