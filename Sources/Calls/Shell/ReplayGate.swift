import Deciders
package import EventLog
package import Jobs

/// The gate of a recorded worker: what was decided before each attempt is read from the record.
package struct ReplayGate: CallGate {
    private let worker: WorkerID
    private let recorded: any Log
    private let reached: @Sendable (UInt64) async -> Bool

    /// `reached` returns when the fresh log has so many events, and false when the caller was cancelled before.
    package init(_ worker: WorkerID, in recorded: any Log, reached: @escaping @Sendable (UInt64) async -> Bool) {
        self.worker = worker
        self.recorded = recorded
        self.reached = reached
    }

    /// An attempt that the record doesn't have was put off if its job was given back, else its worker was killed or was
    /// too late: it goes on, and finds that at its place.
    package func admit(_ ticket: CallTicket) async throws -> CallAdmission {
        if let event = try own(at: ticket.place), event.hasType(CallStarted.type) { return .send }
        if let released = try release(of: ticket) {
            guard await reached(released.rawValue) else { throw CancellationError() }
            throw CallDeferred(reason: "as recorded")
        }
        return .send
    }

    package func settle(_ ticket: CallTicket, _ settlement: CallSettlement) {}

    /// Where the job was given back under the lease that it has.
    private func release(of ticket: CallTicket) throws -> Position? {
        guard var revision = ticket.leaseRevision?.next else { return nil }
        let stream = try StreamName(category: Job.category, id: ticket.job.rawValue)
        while let event = try own(at: Place(stream: stream, revision: revision.rawValue)) {
            if event.hasType(JobReleased.type) { return event.position }
            guard event.hasType(JobLeaseRenewed.type) else { return nil }
            revision = revision.next
        }
        return nil
    }

    private func own(at place: Place) throws -> Event? {
        guard let position = try recorded.position(of: place.stream, revision: Revision(place.revision)),
            let event = try recorded.event(at: position), try event.metadata().worker == worker.rawValue
        else { return nil }
        return event
    }
}
