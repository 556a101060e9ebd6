package import CanonicalJSON
import Deciders
package import EventLog
package import Jobs
package import Projections

/// What judges gave: one row for each judge job, with the last word on it.
package enum Scores: Projector {
    package static let name = "scores"
    package static let version = 1
    package static let types: [EventType] = [ScoreComputed.type, ScoreRefused.type]

    package struct Tables: ViewTables {
        /// By run and judge job.
        package var scores: ViewTable<ScoreKey, ScoreRow>

        package init(_ make: inout TableMaker) { scores = make.table("scores") }
    }

    package static func apply(_ event: SharedEvent, to tables: inout Tables) throws {
        guard let job = JobID(inStreamOf: event.event), let run = try event.circumstances().run,
            let score = try event.read(ScoreEvent.self)
        else { return }
        let key = ScoreKey(run: run, job: job)
        switch score {
        case .computed(let computed):
            tables.scores[key] = ScoreRow(position: event.position, outcome: .computed(computed))
        case .refused(let refused):
            tables.scores[key] = ScoreRow(position: event.position, outcome: .refused(refused))
        }
    }
}

/// A judge job within its run.
package struct ScoreKey: ViewKey, Equatable {
    package let run: RunID
    package let job: JobID

    package init(run: RunID, job: JobID) {
        self.run = run
        self.job = job
    }

    package func encode(to key: inout KeyWriter) {
        key.append(run)
        key.append(job)
    }

    package func mix(into hash: inout KeyHash) {
        run.mix(into: &hash)
        job.mix(into: &hash)
    }

    package init(from key: inout KeyReader) throws(KeyError) {
        run = try key.read()
        job = try key.read()
    }
}

/// The last score or refusal of a judge job.
package struct ScoreRow: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        case computed(ScoreComputed)
        case refused(ScoreRefused)
    }

    /// The event's place in the log, which a ranking cites.
    package var position: Position
    package var outcome: Outcome

    package init(position: Position, outcome: Outcome) {
        self.position = position
        self.outcome = outcome
    }

    /// Which answer it is for.
    package var labels: ScoreLabels {
        switch outcome {
        case .computed(let computed): computed.labels
        case .refused(let refused): refused.labels
        }
    }
}

extension ScoreRow: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        if case .computed(let computed) = outcome { writer.field("computed", computed) }
        writer.field("position", position)
        if case .refused(let refused) = outcome { writer.field("refused", refused) }
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let computed: ScoreComputed? = try reader.optionalField("computed")
        position = try reader.field("position")
        outcome = if let computed { .computed(computed) } else { .refused(try reader.field("refused")) }
        try reader.endObject()
    }
}
