import Deciders
package import EventLog
import Synchronization

/// The jobs that a recorded worker claimed, in the order of its leases: what its pool claims when it is executed again.
///
/// Reads a little ahead of the record, so that as much is under way at once as the first time and not whatever is ready.
/// For one pool.
package final class RecordedClaims: Sendable {
    /// A lease that the worker recorded.
    package struct Claim: Equatable, Sendable {
        package let job: JobID
        /// Where the job's stream stood before it.
        package let revision: Revision
    }

    /// What became of a claim that was offered.
    package enum Answer: Sendable {
        /// It is begun now.
        case begun
        /// It was begun before.
        case known
        /// The job isn't ready for it yet.
        case early
    }

    private struct State {
        /// Where the record is read next; nil at its end.
        var next: Position?
        var ahead: ArraySlice<Claim> = []
        /// Offered, but early; in the order of the record.
        var early: [Claim] = []
    }

    /// How many claims that are early are looked past.
    ///
    /// Whatever comes next in the record is ready, so one would do; more let more be under way.
    private static let mostEarly = 32
    private static let pageSize = 512

    private let worker: WorkerID
    private let recorded: any Log
    private let state: Mutex<State>

    /// `first` is the worker's first position in the record.
    package init(of worker: WorkerID, from first: Position, in recorded: any Log) {
        self.worker = worker
        self.recorded = recorded
        state = Mutex(State(next: first))
    }

    /// Whether every claim of the record was begun.
    package var isExhausted: Bool { state.withLock { $0.next == nil && $0.ahead.isEmpty && $0.early.isEmpty } }

    /// Offers those that were early, and then up to `most` new ones.
    package func offer(_ most: Int, _ answer: (Claim) throws -> Answer) throws {
        try state.withLock { state in
            var early: [Claim] = []
            for claim in state.early where try answer(claim) == .early { early.append(claim) }
            state.early = early
            var left = most
            while left > 0, state.early.count < Self.mostEarly, let claim = try next(&state) {
                left -= 1
                if try answer(claim) == .early { state.early.append(claim) }
            }
        }
    }

    private func next(_ state: inout State) throws -> Claim? {
        while state.ahead.isEmpty {
            guard let from = state.next else { return nil }
            let page = try recorded.read(
                .forward, from: from, matching: EventFilter(types: [JobLeased.type]), limit: Self.pageSize)
            state.next = page.next
            state.ahead = try page.events.compactMap(claim)[...]
        }
        return state.ahead.popFirst()
    }

    private func claim(_ event: Event) throws -> Claim? {
        guard event.revision > .first, try event.decode(JobLeased.self).worker == worker else { return nil }
        return Claim(job: try JobID(streamOf: event), revision: Revision(event.revision.rawValue - 1))
    }
}
