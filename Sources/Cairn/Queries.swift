package import Calls
package import CanonicalJSON
import EventLog
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
    private let past: PastViews?

    /// `moment` nil asks for the present.
    package init(_ store: Store, at moment: AsOf? = nil) throws {
        self.store = store
        past = try moment.map { try store.views.asOf($0) }
        views = past?.runner ?? store.views
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

    /// Jobs by state and in the order of the plan.
    package func jobs(
        _ selection: Selection, state: JobStatus.State? = nil, kind: String? = nil
    ) throws -> [QueryRow<JobStatusRow>] {
        let runs = try runIDs(selection)
        let found = try views.query(JobStatus.self) { tables in
            var rows: [QueryRow<JobStatusRow>] = []
            for run in runs {
                for state in state.map({ [$0] }) ?? JobStatus.State.allCases where rows.count < selection.limit {
                    try tables.forEach(of: run, in: state) { id, row in
                        if selection.matches(row.labels), kind == nil || row.kind == kind {
                            rows.append(QueryRow([("job", .string(id.rawValue))], row))
                        }
                        return rows.count < selection.limit
                    }
                }
            }
            return rows
        }
        if found.isEmpty { try checkNames(selection, in: runs) }
        return found
    }

    /// One job; nil if there is none of this id.
    package func job(_ id: String) throws -> QueryRow<JobStatusRow>? {
        guard let job = JobID(rawValue: id) else { return nil }
        return try views.query(JobStatus.self) { tables in
            try tables.jobs.get(job).map { QueryRow([("job", .string(id))], $0) }
        }
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

extension Queries {
    /// One question of a conversation, with the texts that the row's blobs hold.
    package struct Turn: CanonicalEncodable, Sendable {
        package let run: String
        package let job: String
        package let row: TranscriptRow
        /// What was sent; nil when its blob isn't in the store.
        package let request: JSONValue?
        /// What came back; nil when nothing did, or its blob isn't in the store.
        package let answer: String?
        /// What the job is about: model, scenario, sample, judge.
        package fileprivate(set) var labels: [String: String] = [:]

        package func encode(to writer: inout CanonicalWriter) {
            var key: [(name: String, value: JSONValue)] = [("run", .string(run)), ("job", .string(job))]
            let words = labels.sorted { $0.key < $1.key }.map { (key: $0.key, value: JSONValue.string($0.value)) }
            if let labels = JSONObject(words) { key.append(("labels", .object(labels))) }
            if let request { key.append(("requestBody", request)) }
            if let answer { key.append(("answer", .string(answer))) }
            QueryRow(key, row).encode(to: &writer)
        }
    }

    /// Conversations, job by job, turn by turn; nil for `job` or `purpose` takes those of all.
    package func transcripts(
        _ selection: Selection, job: String? = nil, purpose: CallPurpose? = nil
    ) throws -> [Turn] {
        let runs = try runIDs(selection)
        let wanted = try selectedJobs(selection, in: runs)
        var found = try views.query(Transcripts.self) { tables in
            var turns: [Turn] = []
            for run in runs where turns.count < selection.limit {
                try tables.forEach(of: run) { key, row in
                    if job == nil || key.job.rawValue == job, wanted?.contains(key.job) ?? true,
                        purpose == nil || row.purpose == purpose
                    {
                        turns.append(try turn(run, key.job, row))
                    }
                    return turns.count < selection.limit
                }
            }
            return turns
        }
        if found.isEmpty { try checkNames(selection, in: runs, job: job) }
        try views.query(JobStatus.self) { tables in
            for index in found.indices {
                guard let id = JobID(rawValue: found[index].job), let job = try tables.jobs.get(id) else { continue }
                found[index].labels = job.labels
            }
        }
        return found
    }

    /// The jobs whose labels fit; nil when all do.
    private func selectedJobs(_ selection: Selection, in runs: [RunID]) throws -> Set<JobID>? {
        guard selection.model != nil || selection.scenario != nil || selection.judge != nil else { return nil }
        var all = selection
        all.limit = .max
        return Set(try jobs(all).compactMap { JobID(rawValue: $0.text("job")) })
    }

    private func turn(_ run: RunID, _ job: JobID, _ row: TranscriptRow) throws -> Turn {
        let request = try store.log.blob(row.request).flatMap { try? JSONParser.parse($0) }
        return Turn(
            run: run.rawValue, job: job.rawValue, row: row, request: request,
            answer: try row.answer { try store.log.blob($0) })
    }

    /// Tokens, cost and latency by run, provider, model and purpose; `model` is the id that the provider is asked for.
    package func usage(_ selection: Selection, model: String? = nil) throws -> [QueryRow<UsageRow>] {
        let runs = try runIDs(selection)
        return try views.query(CallUsage.self) { tables in
            try runs.flatMap { run in try tables.rows(of: run) }
                .filter { model == nil || $0.key.model == model }
                .prefix(selection.limit)
                .map { key, row in
                    QueryRow(
                        [
                            ("run", .string(key.run.rawValue)), ("provider", .string(key.provider)),
                            ("model", .string(key.model)), ("purpose", .string(key.purpose.rawValue)),
                        ], row)
                }
        }
    }
}

// MARK: - Names that don't exist

extension Queries {
    /// An empty answer to a question about something that doesn't exist is an error that says what does.
    private func checkNames(_ selection: Selection, in runs: [RunID], job: String? = nil) throws {
        if let job, try self.job(job) == nil { throw QueryError.job(job) }
        guard !runs.isEmpty, selection.model != nil || selection.scenario != nil || selection.judge != nil else {
            return
        }
        let definitions = try definitions(of: runs)
        guard definitions.count == runs.count else { return }
        try check("model", selection.model, definitions.flatMap { $0.models.map(\.id) })
        try check("scenario", selection.scenario, definitions.flatMap { $0.scenarios.map(\.id) })
        try check("judge", selection.judge, definitions.flatMap { $0.judges.map(\.id) })
    }

    private func check(_ kind: String, _ wanted: String?, _ known: [String]) throws {
        guard let wanted, !known.contains(wanted) else { return }
        throw QueryError.label(kind, wanted, known: Set(known).sorted())
    }

    /// The definitions of runs; those whose blobs are gone are left out.
    private func definitions(of runs: [RunID]) throws -> [ExperimentDefinition] {
        let digests = try views.query(Runs.self) { tables in
            try runs.compactMap { try tables.runs.get($0)?.definition }
        }
        return try digests.compactMap { try store.log.blob($0) }.compactMap {
            try? ExperimentDefinition(canonicalBytes: $0)
        }
    }
}

/// A question that can't be answered as it was put.
package enum QueryError: Error, CustomStringConvertible {
    private static let mostNames = 10

    case run(String, fitting: [String])
    case job(String)
    case label(String, String, known: [String])

    package var description: String {
        switch self {
        case .run(let wanted, let fitting) where fitting.isEmpty:
            "no run's id begins with «\(wanted)»; `cairn query runs` lists them"
        case .run(let wanted, let fitting):
            "«\(wanted)» fits \(fitting.count) runs: \(fitting.joined(separator: ", "))"
        case .job(let wanted): "there is no job «\(wanted)»; `cairn query jobs` lists them"
        case .label(let kind, let wanted, let known):
            "there is no \(kind) «\(wanted)»; there \(known.count == 1 ? "is" : "are") "
                + known.prefix(Self.mostNames).joined(separator: ", ")
                + (known.count > Self.mostNames ? " and \(known.count - Self.mostNames) others" : "")
        }
    }
}
