package import Deciders
package import Determinism
package import EventLog

/// What a recorded worker saw of the world that isn't an effect: who had died, and when its own work was cut short.
///
/// For the pool in replay. A question that the record has no answer to waits until the caller is cancelled.
package struct RecordedWorker: WorkerLiveness, Interruption {
    private let worker: WorkerID
    private let recorded: any Log
    private let reached: @Sendable (UInt64) async -> Bool

    /// `reached` returns when the fresh log has so many events, and false when the caller was cancelled before.
    package init(_ worker: WorkerID, in recorded: any Log, reached: @escaping @Sendable (UInt64) async -> Bool) {
        self.worker = worker
        self.recorded = recorded
        self.reached = reached
    }

    package func loss(
        of worker: WorkerID, deadline: Timestamp, recordedAt place: Place
    ) async throws -> JobLeaseExpired.Reason {
        guard let event = try own(at: place), event.hasType(JobLeaseExpired.type) else {
            return try await never(JobLeaseExpired.Reason.self)
        }
        return try event.decode(JobLeaseExpired.self).reason
    }

    /// What this worker recorded at the place is let happen.
    ///
    /// A lease that it gave back is cut when that event is due.
    package func moment(forStepAt place: Place) async throws {
        guard let first = try own(at: place) else { return }
        guard first.hasType(JobLeased.type) else { return try await never(Void.self) }
        var revision = place.revision + 1
        while let event = try own(at: Place(stream: place.stream, revision: revision)) {
            if event.hasType(JobReleased.type) {
                guard await reached(event.position.rawValue) else { throw CancellationError() }
                return
            }
            guard event.hasType(JobLeaseRenewed.type) else { break }
            revision += 1
        }
        try await never(Void.self)
    }

    private func own(at place: Place) throws -> Event? {
        guard let position = try recorded.position(of: place.stream, revision: Revision(place.revision)),
            let event = try recorded.event(at: position), try event.metadata().worker == worker.rawValue
        else { return nil }
        return event
    }

    private func never<R>(_: R.Type) async throws -> R {
        _ = await reached(.max)
        throw CancellationError()
    }
}
