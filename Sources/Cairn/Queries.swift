import CanonicalJSON
package import Determinism
package import EventLog
package import Experiments
package import Jobs
package import Projections
package import Scoring

/// The questions that users ask of the read models, as of now or of any moment.
package struct Queries {
    /// What is looked for; a nil part matches everything.
    package struct Selection: Sendable {
        /// A run's id, or the beginning of exactly one.
        package var run: String?
        package var model: String?
        package var scenario: String?
        package var judge: String?
        package var limit: Int

        package init(
            run: String? = nil, model: String? = nil, scenario: String? = nil, judge: String? = nil, limit: Int = .max
        ) {
            self.run = run
            self.model = model
            self.scenario = scenario
            self.judge = judge
            self.limit = limit
        }

        func matches(_ labels: [String: String]) -> Bool {
            matches(model: labels["model"], scenario: labels["scenario"], judge: labels["judge"])
        }

        func matches(model: String?, scenario: String?, judge: String? = nil) -> Bool {
            (self.model == nil || self.model == model) && (self.scenario == nil || self.scenario == scenario)
                && (self.judge == nil || self.judge == judge)
        }
    }

    let store: Store
    let views: ProjectionRunner
    let past: PastViews?
    private let moment: AsOf?

    /// `moment` nil asks for the present.
    package init(_ store: Store, at moment: AsOf? = nil) throws {
        self.store = store
        self.moment = moment
        past = try moment.map { try store.views.asOf($0) }
        views = past?.runner ?? store.views
    }

    /// The first position that isn't part of the moment that is asked for; nil for the present.
    package var end: Position? { past?.end }

    /// The time that ages are counted to: of the moment that is asked for, else the present.
    package func now(or present: Timestamp) throws -> Timestamp {
        switch moment {
        case nil: present
        case .time(let time): time
        case .position(let position): try store.log.event(at: position)?.time ?? present
        }
    }

    /// The runs, in the order of their submission; a selected one that isn't there is an error.
    package func runs(_ selection: Selection = Selection()) throws -> [QueryRow<RunRow>] {
        let ids = try runIDs(selection)
        let rows = try views.query(Runs.self) { tables in
            try ids.compactMap { run in
                try tables.runs.get(run).map { QueryRow([("run", .string(run.rawValue))], $0) }
            }
        }
        let ordered = rows.sorted { ($0.row.submitted, $0.text("run")) < ($1.row.submitted, $1.text("run")) }
        return Array(ordered.prefix(selection.limit))
    }

    /// The ids of the runs that a selection is about; an id that fits no run, or several, is an error.
    package func runIDs(_ selection: Selection) throws -> [RunID] {
        let ids = try views.query(Runs.self) { tables in try tables.runs.scan().map(\.key) }
        guard let wanted = selection.run else { return ids }
        if let exact = ids.first(where: { $0.rawValue == wanted }) { return [exact] }
        let fitting = ids.filter { $0.rawValue.hasPrefix(wanted) }
        guard fitting.count == 1 else { throw QueryError.run(wanted, fitting: fitting.map(\.rawValue)) }
        return fitting
    }

    /// Cells in the order of the plan; `missing` leaves out those that have their result.
    package func cells(_ selection: Selection, missing: Bool = false) throws -> [QueryRow<CellRow>] {
        let runs = try runIDs(selection)
        let found = try views.query(Runs.self) { tables in
            var rows: [QueryRow<CellRow>] = []
            for run in runs where rows.count < selection.limit {
                try tables.cells.forEach(prefix: KeyPrefix(run)) { key, row in
                    if selection.matches(row.labels), !(missing && row.status == .done) {
                        let place = (name: "ordinal", value: JSONValue.number(Double(key.ordinal)))
                        rows.append(QueryRow([("run", .string(run.rawValue)), place], row))
                    }
                    return rows.count < selection.limit
                }
            }
            return rows
        }
        if found.isEmpty { try checkNames(selection, in: runs) }
        return found
    }

    /// Jobs of runs by state and in the order of the plan, and how many there are beyond the limit.
    package func jobs(
        _ selection: Selection, states: [JobStatus.State] = JobStatus.State.allCases,
        where isWanted: (JobStatusRow) -> Bool = { _ in true }
    ) throws -> (rows: [QueryRow<JobStatusRow>], more: Int) {
        let runs = try runIDs(selection)
        var others = 0
        let found = try views.query(JobStatus.self) { tables in
            var rows: [QueryRow<JobStatusRow>] = []
            for run in runs {
                for state in states {
                    try tables.forEach(of: run, in: state) { id, row in
                        guard selection.matches(row.labels), isWanted(row) else { return true }
                        if rows.count < selection.limit { rows.append(try self.row(id, row)) } else { others += 1 }
                        return true
                    }
                }
            }
            return rows
        }
        if found.isEmpty, others == 0 { try checkNames(selection, in: runs) }
        return (found, others)
    }

    /// Scores and refusals, by run and judge job.
    package func scores(_ selection: Selection) throws -> [QueryRow<ScoreRow>] {
        let runs = try runIDs(selection)
        let found = try views.query(Scores.self) { tables in
            var rows: [QueryRow<ScoreRow>] = []
            for run in runs where rows.count < selection.limit {
                try tables.scores.forEach(prefix: KeyPrefix(run)) { key, row in
                    let labels = row.labels
                    if selection.matches(model: labels.model, scenario: labels.scenario, judge: labels.judge) {
                        rows.append(
                            QueryRow([("run", .string(run.rawValue)), ("job", .string(key.job.rawValue))], row))
                    }
                    return rows.count < selection.limit
                }
            }
            return rows
        }
        if found.isEmpty { try checkNames(selection, in: runs) }
        return found
    }

    /// The selected runs that have finished and that no judge was to score, so that they have no ranking.
    package func unjudgedRuns(_ selection: Selection) throws -> [String] {
        try runs(selection).filter { $0.row.finished != nil && !$0.row.hasJudges }.map { $0.text("run") }
    }

    /// The ranking in force of each run that has one.
    package func rankings(_ selection: Selection) throws -> [QueryRow<RankingRow>] {
        let runs = try runIDs(selection)
        return try views.query(Rankings.self) { tables in
            try runs.prefix(selection.limit).compactMap { run in
                try tables.current(of: run).map { QueryRow([("run", .string(run.rawValue))], $0) }
            }
        }
    }
}
