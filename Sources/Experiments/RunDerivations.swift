import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog
import Jobs

/// The derived event of runs, and the pure function that derives it.
package enum RunDerivations {
    /// `run.finished` from the jobs' last events, which the first blob lists; the run's submission is the one cause.
    package static let outcome = FunctionReference(name: "runs.outcome", version: 1)

    package static let catalogue = DerivationCatalogue([
        Derivation(function: outcome, eventTypes: [RunFinished.type], derive: deriveFinished)
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
}
