import Deciders
package import EventLog
package import Jobs

/// The gate of a recorded worker: what was decided before each attempt is read from the record.
package struct ReplayGate: CallGate {
    private let worker: WorkerID
    private let recorded: any Log
    private let stop: (position: Position, exhaustion: Exhaustion)?
    private let reached: @Sendable (UInt64) async -> Bool

    /// `stop` is where the worker recorded that the budget was used up, and what it said; nil if it didn't.
    ///
    /// `reached` returns when the fresh log has so many events, and false when the caller was cancelled before.
    package init(
        _ worker: WorkerID, in recorded: any Log, stop: (position: Position, exhaustion: Exhaustion)? = nil,
        reached: @escaping @Sendable (UInt64) async -> Bool
    ) {
        self.worker = worker
        self.recorded = recorded
        self.stop = stop
        self.reached = reached
    }

    /// What is recorded at the attempt's place counts if it was before the lease ended: else the call was put off under
    /// this lease, or begun too late for it, and made under a later one.
    ///
    /// An attempt that isn't in the record at all belongs to a worker that was killed or too late: it goes on, and finds
    /// that at its place.
    package func admit(_ ticket: CallTicket, in slot: JobSlot) async throws -> CallAdmission {
        let event = try own(at: ticket.place)
        let end = try leaseEnd(of: ticket)
        let isUnderThisLease = event.map { event in end.map { event.position < $0.position } ?? true } ?? false
        if !isUnderThisLease {
            if try isRenewedNext(ticket) { return .renewing }
            if let end, end.hasType(JobReleased.type), try isOwn(end) {
                guard await reached(end.position.rawValue) else { throw CancellationError() }
                throw CallDeferred(reason: "as recorded")
            }
            if try isTooLate(end) { throw LeaseLost(job: ticket.job) }
        }
        guard let event else { return .send }
        if event.hasType(CallReused.type) { return .reuse(origin: try event.decode(CallReused.self).position) }
        guard event.hasType(CallStarted.type) else { return .send }
        return .sending(CallPermit(reserved: try event.decode(CallStarted.self).reserved, version: event.version))
    }

    package func settle(_ ticket: CallTicket, _ settlement: CallSettlement) {}

    package func exhaustion() async throws -> Exhaustion {
        guard let stop, await reached(stop.position.rawValue) else {
            _ = await reached(.max)
            throw CancellationError()
        }
        return stop.exhaustion
    }

    /// Whether the worker renewed the lease for the attempt, and came no further with it.
    private func isRenewedNext(_ ticket: CallTicket) throws -> Bool {
        guard let revision = ticket.leaseRevision?.next, let event = try own(at: place(revision, of: ticket.job)) else {
            return false
        }
        return event.hasType(JobLeaseRenewed.type)
    }

    /// What ended the lease that a job has, whoever recorded it; nil where nothing did.
    private func leaseEnd(of ticket: CallTicket) throws -> Event? {
        guard var revision = ticket.leaseRevision?.next else { return nil }
        while let event = try event(at: place(revision, of: ticket.job)) {
            guard event.hasType(JobLeaseRenewed.type) else { return event }
            revision = revision.next
        }
        return nil
    }

    private func place(_ revision: Revision, of job: JobID) throws -> Place {
        Place(stream: try StreamName(category: Job.category, id: job.rawValue), revision: revision.rawValue)
    }

    /// Whether an attempt that isn't recorded under a lease was begun when that was over, in a worker that lived on.
    private func isTooLate(_ end: Event?) throws -> Bool {
        if let expired = try end?.decode(if: JobLeaseExpired.self), expired.reason == .deadline { return true }
        let stream = try StreamName(category: Worker.category, id: worker.rawValue)
        return try recorded.readStream(stream, .backward, from: nil, limit: 1).first?.hasType(WorkerStopped.type)
            ?? false
    }

    private func own(at place: Place) throws -> Event? {
        guard let event = try event(at: place), try isOwn(event) else { return nil }
        return event
    }

    private func isOwn(_ event: Event) throws -> Bool { try event.metadata().worker == worker.rawValue }

    private func event(at place: Place) throws -> Event? {
        guard let position = try recorded.position(of: place.stream, revision: Revision(place.revision)) else {
            return nil
        }
        return try recorded.event(at: position)
    }
}
