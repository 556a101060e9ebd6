package import CanonicalJSON
package import Experiments
package import Jobs
import Projections

/// How far a run has come in a store, and what is left of it to send.
///
/// A job of which some calls were answered counts as left with all of them, so what is left is rather less.
package struct RunRest: Equatable, Sendable {
    package let run: RunID
    package let stage: RunRow.Stage
    package let cells: CellProgress
    package let forecast: RunForecast

    /// Nil if the store has no such run.
    ///
    /// `retriesFailed`: jobs that failed or were skipped are to be done after all.
    package init?(
        of run: RunID, _ definition: ExperimentDefinition, retriesFailed: Bool = false, in store: Store
    ) throws {
        guard let row = try store.views.query(Runs.self, { try $0.runs.get(run) }) else { return nil }
        let ended = try JobGroup.counts(
            of: run, in: retriesFailed ? [.completed] : [.completed, .failed, .skipped], store)
        self.run = run
        stage = row.stage
        cells = row.cells
        forecast = try RunForecast(definition) { model, scenario, judge in
            definition.samples - (ended[JobGroup(model: model, scenario: scenario, judge: judge)] ?? 0)
        }
    }
}

extension RunRest: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("cells", cells)
        writer.field("models", forecast.rows)
        writer.field("run", run)
        writer.field("stage", stage)
        writer.field("total", forecast.total)
        writer.endObject()
    }
}
