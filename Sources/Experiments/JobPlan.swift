package import Determinism
package import Jobs

/// Every job of a run, with its id, its place in the order of work, and what it waits for.
///
/// A function of the definition and the run's id, so that submitting again makes the same jobs.
package struct JobPlan: Equatable, Sendable {
    package let run: RunID
    /// By ordinal.
    package let jobs: PlannedJobs
    /// How many results are asked for: judges' jobs if there are judges, else probes.
    package let cells: Int

    /// The id of the run of a definition; a label makes further runs of the same definition.
    package static func runID(of definition: Digest, label: String? = nil) -> RunID {
        RunID(identifying: [definition.hex] + (label.map { [$0] } ?? []))
    }

    /// Plans sample by sample, then scenario by scenario, each probe with its judges behind it.
    ///
    /// So an unfinished run has compared all models on some scenarios.
    package init(_ definition: ExperimentDefinition, run: RunID) {
        self.run = run
        jobs = PlannedJobs(of: definition, run: run)
        let probes = definition.samples * definition.scenarios.count * definition.models.count
        cells = probes * max(1, definition.judges.count)
    }
}

/// The jobs of a plan, in the order of work.
///
/// Each is made when it is asked for: held all through a long run, they would be much of its memory.
package struct PlannedJobs: RandomAccessCollection, Equatable, Sendable {
    private let definition: ExperimentDefinition
    private let run: RunID
    package let startIndex = 0
    package let endIndex: Int

    init(of definition: ExperimentDefinition, run: RunID) {
        self.definition = definition
        self.run = run
        let cells = Swift.max(1, definition.samples) * definition.scenarios.count * definition.models.count
        endIndex = cells * (1 + definition.judges.count)
    }

    package subscript(ordinal: Int) -> PlannedJob {
        let (number, place) = ordinal.quotientAndRemainder(dividingBy: 1 + definition.judges.count)
        let (row, model) = number.quotientAndRemainder(dividingBy: definition.models.count)
        let (sample, scenario) = row.quotientAndRemainder(dividingBy: definition.scenarios.count)
        let cell = Cell(
            run: run, scenario: definition.scenarios[scenario].id, model: definition.models[model], sample: sample + 1)
        guard place > 0 else { return cell.probe(ordinal: ordinal) }
        return cell.judging(by: definition.judges[place - 1], ordinal: ordinal)
    }
}

/// One job of the plan, before it is submitted.
package struct PlannedJob: Equatable, Sendable {
    package let id: JobID
    package let kind: String
    /// Place in the order of work, from 0.
    package let ordinal: Int
    package let labels: [String: String]
    /// Jobs with the same lane share its limit.
    package let lane: String
    /// Jobs that must be completed before.
    package let after: [JobID]

    package init(
        id: JobID, kind: String, ordinal: Int, labels: [String: String], lane: String, after: [JobID] = []
    ) {
        self.id = id
        self.kind = kind
        self.ordinal = ordinal
        self.labels = labels
        self.lane = lane
        self.after = after
    }
}

/// One answer that is wanted.
private struct Cell {
    let run: RunID
    let scenario: String
    let model: ModelDefinition
    let sample: Int

    private var parts: [String] { [scenario, model.id, String(sample)] }

    private var labels: [String: String] {
        ["model": model.id, "provider": model.provider, "sample": String(sample), "scenario": scenario]
    }

    private var probeID: JobID { JobID(identifying: [run.rawValue, "probe"] + parts) }

    func probe(ordinal: Int) -> PlannedJob {
        PlannedJob(
            id: probeID, kind: "probe", ordinal: ordinal, labels: labels, lane: model.lane)
    }

    func judging(by judge: JudgeDefinition, ordinal: Int) -> PlannedJob {
        var labels = labels
        labels["judge"] = judge.id
        labels["provider"] = judge.model.provider
        return PlannedJob(
            id: JobID(identifying: [run.rawValue, "judge", judge.id] + parts), kind: "judge", ordinal: ordinal,
            labels: labels, lane: judge.model.lane, after: [probeID])
    }
}
