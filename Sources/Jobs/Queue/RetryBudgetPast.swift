import CanonicalJSON
import Deciders
package import Determinism
package import EventLog

/// The end of the stream of a provider's budget: as much of it as a decision needs.
///
/// The last event has the whole budget, so the stream isn't read from its beginning however long it gets. A decision cites
/// the event before it, which is why it is made from this and appended at its revision: another's may come between.
package struct RetryBudgetPast: Sendable {
    /// How many of the last events are looked at for retries that were allowed already.
    private static let events = 16

    /// A failed attempt whose retry is to be decided, and where its failure stands.
    package struct Failure: Equatable, Sendable {
        package let asked: RetryBudget.Asked
        package let position: Position

        package init(_ job: JobID, attempt: Int, at position: Position) {
            asked = RetryBudget.Asked(attempt: attempt, job: job)
            self.position = position
        }
    }

    /// What was allowed for a failed attempt, and where that stands.
    package struct Allowed: Equatable, Sendable {
        package let provider: ProviderID
        package let retry: RetryBudgetSpent.Retry
        package let position: Position
    }

    package let provider: ProviderID
    package let stream: StreamName
    private var state = RetryBudget.initial
    private var known: [(position: Position, spent: RetryBudgetSpent)] = []
    /// The stream's last revision; nil when it has no event.
    package private(set) var revision: Revision?

    /// Reads the end of a provider's stream.
    package init(of provider: ProviderID, in log: some Log) throws {
        self.provider = provider
        stream = try StreamName(category: RetryBudget.category, id: provider.rawValue)
        for event in try log.readStream(stream, .backward, from: nil, limit: Self.events).reversed() {
            let spent = try event.decode(RetryBudgetSpent.self)
            state = RetryBudget.evolve(state, .spent(spent))
            known.append((event.position, spent))
            revision = event.revision
        }
    }

    /// What was allowed already.
    package func allowed(_ failure: Failure) -> Allowed? {
        guard let retry = state.retry(failure.asked) else { return nil }
        let event = known.last { $0.spent.retries.contains(retry) }
        return event.map { Allowed(provider: provider, retry: retry, position: $0.position) }
    }

    /// What is appended to allow retries, and what it says; nil when it would say nothing.
    package func commit(
        for failures: [Failure], again: Bool = false, calls: Int, at time: Timestamp, by worker: WorkerID?
    ) throws -> (commit: Commit, spent: RetryBudgetSpent)? {
        let asked = failures.map(\.asked)
        let command: RetryBudget.Command =
            again ? .spendAgain(asked, calls: calls, at: time) : .spend(asked, calls: calls, at: time)
        guard case .spent(let spent)? = try RetryBudget.decide(command, state).first else { return nil }
        let answered = Set(spent.retries.map(\.asked))
        let cause = Cause(
            function: RetryBudget.function,
            positions: (known.last.map { [$0.position] } ?? [])
                + failures.filter { answered.contains($0.asked) }.map(\.position))
        let metadata = EventMetadata(cause: cause, job: nil, run: nil, worker: worker?.rawValue)
        let recorded = NewEvent(
            type: RetryBudgetSpent.type, version: spent.writtenVersion, time: time, data: spent.canonicalBytes(),
            metadata: metadata.canonicalBytes())
        let expected = revision.map(ExpectedRevision.exact) ?? .noStream
        return (Commit(stream: stream, expected: expected, events: [recorded], blobs: []), spent)
    }
}
