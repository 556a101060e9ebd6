import Deciders
import Determinism
import EventLog
import Synchronization

/// Asks the budgets of providers for retries, for one process.
final class RetryBudgets: Sendable {
    /// How often a budget is asked again because others asked meanwhile.
    private static let mostAttempts = 64

    private let log: any Log
    private let effects: Effects
    private let worker: WorkerID
    /// First attempts that were answered since they were last told, by provider; the lock makes counting and taking one
    /// step each.
    private let calls = Mutex<[ProviderID: Int]>([:])

    init(log: any Log, effects: Effects, worker: WorkerID) {
        self.log = log
        self.effects = effects
        self.worker = worker
    }

    /// First attempts at jobs that call a provider were answered.
    func count(_ answered: [ProviderID: Int]) {
        if answered.isEmpty { return }
        calls.withLock { $0.merge(answered, uniquingKeysWith: +) }
    }

    /// What the budget of a provider allows for each of some failures.
    ///
    /// `again` is for retries that were allowed already and come too late: each spends anew.
    func allow(
        _ failures: [RetryBudgetPast.Failure], of provider: ProviderID, again: Bool = false
    ) async throws -> [RetryBudgetPast.Allowed] {
        var found: [RetryBudgetPast.Allowed] = []
        var rest = failures[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(RetryBudget.mostRetries))
            rest = rest.dropFirst(batch.count)
            found += try await allow(batch, provider, again)
        }
        return found
    }

    private func allow(
        _ batch: [RetryBudgetPast.Failure], _ provider: ProviderID, _ again: Bool
    ) async throws -> [RetryBudgetPast.Allowed] {
        for _ in 0..<Self.mostAttempts {
            let past = try RetryBudgetPast(of: provider, in: log)
            let known = again ? [] : batch.compactMap { past.allowed($0) }
            if known.count == batch.count { return known }
            let place = Place(stream: past.stream, revision: past.revision.map { $0.rawValue + 1 } ?? 0)
            let time = try await effects.time(place)
            let told = calls.withLock { $0.removeValue(forKey: provider) ?? 0 }
            guard let (commit, spent) = try past.commit(for: batch, again: again, calls: told, at: time, by: worker)
            else {
                count([provider: told])
                continue
            }
            do throws(LogError) {
                let position = try await log.append(commit).first
                return known
                    + spent.retries.map {
                        RetryBudgetPast.Allowed(provider: provider, retry: $0, position: position)
                    }
            } catch {
                count([provider: told])
                guard case .conflict = error.code else { throw error }
            }
        }
        let stream = try StreamName(category: RetryBudget.category, id: provider.rawValue)
        throw CommandError<RetryBudget.Refusal>.contended(stream, attempts: Self.mostAttempts)
    }
}
