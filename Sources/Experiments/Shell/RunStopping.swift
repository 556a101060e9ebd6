package import Calls
import CanonicalJSON
import Deciders
import Determinism
package import EventLog
package import Jobs

/// The spending of a run, read from its log.
package enum RunSpending {
    /// What the run's calls before `end` spent, and where their events are.
    package static func account(
        of run: RunID, in log: any Log, to end: Position? = nil, bounds: SpendingBounds
    ) throws -> (account: SpendingAccount, positions: [Position]) {
        var account = SpendingAccount()
        var positions: [Position] = []
        try log.scan(from: .first, to: end, matching: EventFilter(types: SpendingAccount.types)) { event in
            guard try event.metadata().run == run.rawValue else { return }
            try account.take(event) { started in
                bounds.reservation(of: started, bodyBytes: try log.blob(started.request)?.count ?? 0)
            }
            positions.append(event.position)
        }
        return (account, positions)
    }
}

extension RunExecutor {
    /// Records the budget that this process was given, where it is another than the run has.
    func recordBudget() async throws {
        let handler: CommandHandler<RunBudget> = environment.handler()
        for change in environment.budgetChanges {
            try await handler.handle(run.rawValue, run: run.rawValue, .change(change))
        }
    }

    /// Waits until the budget is used up, records that, and lets nothing new begin.
    func stopWhenExhausted() async throws {
        let exhaustion = try await environment.gate.exhaustion()
        try await stop(exhaustion)
        stopped.happen()
        // In replay the record has its time.
        if !exhaustion.isRecorded { try await requestDrain(.stopRequested) }
    }

    private func stop(_ exhaustion: Exhaustion) async throws {
        let (account, positions) = try RunSpending.account(
            of: run, in: environment.log, to: exhaustion.end, bounds: SpendingBounds(definition))
        let handler: CommandHandler<RunBudget> = environment.handler()
        let loaded = try handler.load(run.rawValue)
        guard let budget = loaded.state.inForce else { preconditionFailure("a budget that isn't there has room") }
        let inputs = Blob(positions.canonicalBytes())
        let cause = try stopCause(inputs: inputs.digest)
        let event = RunStopped(
            budget: budget, end: exhaustion.end, reserved: account.reserved, spent: account.spent,
            wanted: exhaustion.wanted)
        try await handler.handle(
            run.rawValue, run: run.rawValue, blobs: [inputs], cause: { _ in cause }, from: loaded, .stop(event))
    }

    /// The last change of the budget decides.
    private func stopCause(inputs: Digest) throws -> Cause {
        let stream = try StreamName(category: Run.category, id: run.rawValue)
        let change = try environment.log.readStream(stream).last { $0.hasType(RunBudgetChanged.type) }
        return Cause(
            blobs: [inputs, definition.digest], function: RunDerivations.budgetStop,
            positions: change.map { [$0.position] } ?? [])
    }
}
