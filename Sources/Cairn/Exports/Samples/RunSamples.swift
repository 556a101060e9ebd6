import Calls
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Projections
import Providers
import Scoring

/// A run sample by sample, as researchers' formats want it: read from the read models and the blobs, some at a time.
struct RunSamples: Sendable {
    let run: RunID
    let row: RunRow
    let definition: ExperimentDefinition
    /// The ranking in force; nil when none was computed.
    let ranking: RankingRow?
    private let log: LMDBLog
    private let blobs: BlobStates
    private let views: ProjectionRunner
    private let script: ProbeScript
    private let plan: JobPlan

    /// Samples of one model.
    let count: Int

    init(_ queries: Queries, run: RunID) throws {
        self.run = run
        log = queries.store.log
        views = queries.views
        guard let row = try queries.runs(Queries.Selection(run: run.rawValue)).first?.row else {
            throw QueryError.run(run.rawValue, fitting: [])
        }
        self.row = row
        let definition = try queries.definition(of: run)
        self.definition = definition
        blobs = BlobStates(of: log)
        ranking = try queries.rankings(Queries.Selection(run: run.rawValue)).first?.row
        script = try ProbeScript(definition)
        plan = JobPlan(definition, run: run)
        count = definition.samples * definition.scenarios.count
        // Caught up once, so that the batches need not look again.
        _ = try views.query(Transcripts.self) { _ in }
        _ = try views.query(JobStatus.self) { _ in }
        _ = try views.query(Scores.self) { _ in }
    }

    /// Some samples of the model with this place in the definition, in the order of the plan.
    func samples(ofModel model: Int, _ range: Range<Int>) throws -> [RunSample] {
        let jobs = range.map { planned(ofModel: model, sample: $0) }
        let all = jobs.flatMap { $0 }.map(\.id)
        let turns = try views.query(Transcripts.self, catchingUp: false) { tables in
            try Dictionary(uniqueKeysWithValues: all.map { ($0, try tables.turns.scan(prefix: KeyPrefix(run, $0))) })
        }
        let statuses = try views.query(JobStatus.self, catchingUp: false) { tables in
            try Dictionary(uniqueKeysWithValues: all.map { ($0, try tables.jobs.get($0)) })
        }
        let scores = try views.query(Scores.self, catchingUp: false) { tables in
            try Dictionary(
                uniqueKeysWithValues: jobs.flatMap { $0.dropFirst() }.map {
                    ($0.id, try tables.scores.get(ScoreKey(run: run, job: $0.id)))
                })
        }
        return try zip(range, jobs).map { number, jobs in
            let probe = try script.probe(jobs[0].labels)
            var asked = try probed(turns[jobs[0].id] ?? [], probe.conversation)
            let judgings = try zip(definition.judges, jobs.dropFirst()).map { judge, job in
                RunSample.Judging(
                    judge: judge, job: job.id, status: statuses[job.id] ?? nil,
                    rounds: try judged(turns[job.id] ?? [], judge, job.id, asked.conversation),
                    score: scores[job.id] ?? nil)
            }
            let (sample, scenario) = number.quotientAndRemainder(dividingBy: definition.scenarios.count)
            asked.turns.sort { ($0.row.turn, $0.position) < ($1.row.turn, $1.position) }
            return RunSample(
                model: definition.models[model], scenario: definition.scenarios[scenario], sample: sample + 1,
                job: jobs[0].id, status: statuses[jobs[0].id] ?? nil, turns: asked.turns,
                conversation: asked.conversation, judgings: judgings)
        }
    }

    /// The probe of a sample, and its judges' jobs.
    private func planned(ofModel model: Int, sample number: Int) -> [PlannedJob] {
        let first = (number * definition.models.count + model) * (1 + definition.judges.count)
        return (first...first + definition.judges.count).map { plan.jobs[$0] }
    }

    private func probed(
        _ rows: [(key: Transcripts.TurnKey, row: TranscriptRow)], _ conversation: Conversation
    ) throws -> (turns: [AskedTurn], conversation: Conversation) {
        var conversation = conversation
        var turns: [AskedTurn] = []
        for (key, row) in rows {
            let turn = try turn(key, row, conversation.nextMessages ?? conversation.said)
            turns.append(turn)
            if row.state == .answered, conversation.nextTurn == row.turn { conversation.take(turn.answer) }
        }
        return (turns, conversation)
    }

    private func judged(
        _ rows: [(key: Transcripts.TurnKey, row: TranscriptRow)], _ judge: JudgeDefinition, _ job: JobID,
        _ conversation: Conversation
    ) throws -> [AskedTurn] {
        let refusals = rows.count > 1 ? try refusals(of: job) : []
        return try rows.enumerated().map { round, row in
            let refusal = round > 0 && round <= refusals.count ? refusals[round - 1] : nil
            return try turn(
                row.key, row.row,
                JudgePrompt.messages(judging: conversation.said, by: judge.rubric, after: refusal))
        }
    }

    /// Why answers of a judge couldn't be used, in the order of its rounds.
    private func refusals(of job: JobID) throws -> [String] {
        try log.readStream(try StreamName(category: Score.category, id: job.rawValue)).compactMap { event in
            event.hasType(ScoreRefused.type) ? try event.decode(ScoreRefused.self).reason : nil
        }
    }

    private func turn(
        _ key: Transcripts.TurnKey, _ row: TranscriptRow, _ messages: [ChatMessage]
    ) throws -> AskedTurn {
        let request = try log.blob(row.request)
        let response = try row.exchange.flatMap { try log.blob($0.body) }
        var result: ChatResult?
        if row.state == .answered, let exchange = row.exchange, let response {
            let readers = ModelCatalogue.adapters.lazy.filter { $0.name == row.adapter }
            result =
                readers.compactMap {
                    try? $0.result(status: exchange.status, headers: exchange.headers, body: response).get()
                }.first
        }
        return AskedTurn(
            position: key.position, row: row, messages: messages, request: request,
            requestState: try state(of: row.request, request, key.position), response: response,
            responseState: try row.exchange.map { try state(of: $0.body, response, key.position) }, result: result)
    }

    private func state(of digest: Digest, _ bytes: [UInt8]?, _ position: Position) throws -> BlobState {
        bytes == nil ? try blobs.absence(of: digest, namedAt: position) : .present
    }
}
