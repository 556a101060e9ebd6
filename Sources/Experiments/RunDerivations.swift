import Calls
import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog
import Jobs

/// The derived event of runs, and the pure function that derives it.
package enum RunDerivations {
    /// `run.finished` from the jobs' last events, which the first blob lists; the run's submission is the one cause.
    package static let outcome = FunctionReference(name: "runs.outcome", version: 1)

    /// `run.stopped` from the calls' events, which the first blob lists, and the definition, which is the second; the one
    /// cause is the last change of the budget.
    package static let budgetStop = FunctionReference(name: "runs.budgetStop", version: 1)

    package static let catalogue = DerivationCatalogue([
        Derivation(function: outcome, eventTypes: [RunFinished.type], derive: deriveFinished),
        Derivation(function: budgetStop, eventTypes: [RunStopped.type], derive: deriveStopped),
    ])

    /// The cause of a run's end.
    package static func outcomeCause(submitted: Position, inputs: Digest) -> Cause {
        Cause(blobs: [inputs], function: outcome, positions: [submitted])
    }

    /// What a run comes to when its cells ended like this.
    package static func finished(_ cells: CellCounts, of total: Int) -> RunFinished {
        RunFinished(cells: cells, outcome: cells.done == total ? .complete : .incomplete)
    }

    @Sendable
    private static func deriveFinished(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        let submitted = try input.onlyCause().payload(RunSubmitted.self)
        guard let positions = try input.firstBlob([Position].self) else {
            throw .unexpectedCauses("no blob, and the jobs' last events are needed")
        }
        var cells = CellCounts()
        for position in positions {
            let event = try input.event(position)
            if event.hasType(JobCompleted.type) {
                cells.done += 1
            } else if event.hasType(JobSkipped.type) {
                cells.skipped += 1
            } else if try event.payload(JobFailed.self).final {
                cells.failed += 1
            } else {
                throw .unexpectedCauses("position \(position) doesn't end a job")
            }
        }
        return finished(cells, of: submitted.cells).canonicalBytes()
    }

    /// Where it looked and what the call needed is taken from the record.
    @Sendable
    private static func deriveStopped(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        let budget = try input.onlyCause().payload(RunBudgetChanged.self).budget
        let recorded = try input.recorded.payload(RunStopped.self)
        guard let positions = try input.firstBlob([Position].self), let digest = try input.causeBlobs().last else {
            throw .unexpectedCauses("no blobs; the calls' events and the definition are needed")
        }
        let bounds = SpendingBounds(try definition(digest, input))
        var account = SpendingAccount()
        for position in positions {
            guard position < recorded.end else {
                throw .unexpectedCauses("position \(position) isn't before \(recorded.end)")
            }
            try take(position, bounds, input, &account)
        }
        let stopped = RunStopped(
            budget: budget, end: recorded.end, reserved: account.reserved, spent: account.spent,
            wanted: recorded.wanted)
        let ledger = BudgetLedger(budget, spent: account.spent + account.reserved)
        guard ledger.verdict(on: recorded.wanted) != .fits else {
            throw .unexpectedCauses("the budget had room for the call")
        }
        return stopped.canonicalBytes()
    }

    private static func take(
        _ position: Position, _ bounds: SpendingBounds, _ input: DerivationInput, _ account: inout SpendingAccount
    ) throws(DerivationError) {
        let event = try input.event(position)
        do {
            try account.take(event) { started in
                bounds.reservation(of: started, bodyBytes: try input.blob(started.request).count)
            }
        } catch let error as DerivationError {
            throw error
        } catch {
            throw .unreadable("\(error)")
        }
    }

    private static func definition(
        _ digest: Digest, _ input: DerivationInput
    ) throws(DerivationError) -> ExperimentDefinition {
        let bytes = try input.blob(digest)
        do throws(JSONError) {
            return try ExperimentDefinition(canonicalBytes: bytes)
        } catch {
            throw .unreadable("the definition \(digest.hex): \(error)")
        }
    }
}
