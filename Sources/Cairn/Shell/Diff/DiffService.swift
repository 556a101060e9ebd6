import Calls
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Projections
import Replay
import Scoring

/// Compares two stores, or two runs of one.
package struct DiffService {
    /// How many differing questions are named, unless all are wanted.
    private static let mostExamples = 20

    private let first: Store
    private let second: Store
    private let mostExamples: Int

    /// The same store twice compares runs of it; `namesAll` names every question that differs.
    package init(_ first: Store, _ second: Store, namesAll: Bool = false) {
        self.first = first
        self.second = second
        mostExamples = namesAll ? .max : Self.mostExamples
    }

    /// Compares what is selected: two runs if both are named, else the runs that both stores have.
    package func diff(run: String? = nil, other: String? = nil) throws -> StoreDiff {
        let ours = try Queries(first).runIDs(Queries.Selection(run: run))
        let theirs = try Queries(second).runIDs(Queries.Selection(run: other ?? run))
        let isNamed = run != nil || other != nil
        let pairs: [(RunID, RunID)] =
            if other != nil, let one = ours.first, let two = theirs.first, ours.count == 1 {
                [(one, two)]
            } else {
                ours.filter(theirs.contains).map { ($0, $0) }
            }
        let runs = try pairs.map { try diff($0, $1) }
        return StoreDiff(
            first: try side(first), second: try side(second),
            events: try events(isNamed ? (ours, theirs) : nil), runs: runs,
            onlyFirst: ours.filter { run in !pairs.contains { $0.0 == run } },
            onlySecond: theirs.filter { run in !pairs.contains { $0.1 == run } })
    }

    private func side(_ store: Store) throws -> StoreDiff.Side {
        let head = try store.log.head()
        return StoreDiff.Side(store: store.log.manifest.id, events: head.size, head: head.root.hex)
    }

    /// What a store says about itself is left aside; `runs` narrows it down to their events.
    private func events(_ runs: ([RunID], [RunID])?) throws -> EventDiff {
        let first = runs.map { Set($0.0.map(\.rawValue)) }
        let second = runs.map { Set($0.1.map(\.rawValue)) }
        let own = ForkEvent.types.map { $0.type } + AccessEvent.types.map { $0.type }
        return try EventDiff.between(self.first.log, self.second.log) { event, isFirst in
            if own.contains(where: event.hasType) { return false }
            guard let wanted = isFirst ? first : second else { return true }
            return try event.metadata().run.map(wanted.contains) ?? false
        } isPlace: { type, path in
            Self.places[type] == path
        }
    }

    /// Where data has a position, or a blob that lists positions.
    private static let places = [
        BlobsErased.type: "$.before", CallOutcomeUnknown.type: "$.started", CallReused.type: "$.position",
        RankingComputed.type: "$.inputs", RunStopped.type: "$.end",
    ]

    private func diff(_ one: RunID, _ other: RunID) throws -> RunDiff {
        let definitions = (
            try Queries(first).definitions(of: [one])[one], try Queries(second).definitions(of: [other])[other]
        )
        return RunDiff(
            first: one, second: other, experiment: definitions.0?.name ?? definitions.1?.name ?? "",
            transcripts: try transcripts(one, other), scores: try scores(one, other), ranks: try ranks(one, other),
            usage: try usage(one, other))
    }
}

// MARK: - Scores and rankings

extension DiffService {
    private func totals(_ run: RunID, _ store: Store) throws -> [ScoreLabels: Double] {
        var totals: [ScoreLabels: Double] = [:]
        try store.views.query(Scores.self) { tables in
            try tables.scores.forEach(prefix: KeyPrefix(run)) { _, row in
                if case .computed(let score) = row.outcome { totals[score.labels] = score.total }
                return true
            }
        }
        return totals
    }

    private func scores(_ one: RunID, _ other: RunID) throws -> [RunDiff.Scores] {
        let (ours, theirs) = (try totals(one, first), try totals(other, second))
        let labels = ours.keys.sorted { ($0.scenario, $0.sample, $0.judge) < ($1.scenario, $1.sample, $1.judge) }
        let models = Set(ours.keys.map(\.model) + theirs.keys.map(\.model)).sorted()
        var pairs: [String: [(scenario: String, totals: [(first: Double, second: Double)])]] = [:]
        for label in labels {
            guard let total = ours[label], let partner = theirs[label] else { continue }
            var known = pairs.removeValue(forKey: label.model) ?? []
            if known.last?.scenario != label.scenario { known.append((label.scenario, [])) }
            known[known.count - 1].totals.append((total, partner))
            pairs[label.model] = known
        }
        let onlyFirst = Dictionary(grouping: ours.keys.filter { theirs[$0] == nil }, by: \.model).mapValues(\.count)
        let onlySecond = Dictionary(grouping: theirs.keys.filter { ours[$0] == nil }, by: \.model).mapValues(\.count)
        return models.map { model in
            RunDiff.Scores(
                model: model, shift: pairs[model].flatMap { PairedShift($0) }, onlyFirst: onlyFirst[model] ?? 0,
                onlySecond: onlySecond[model] ?? 0)
        }
    }

    private func ranks(_ one: RunID, _ other: RunID) throws -> [RunDiff.Rank] {
        let ours = try first.views.query(Rankings.self) { try $0.current(of: one)?.ranking.entries } ?? []
        let theirs = try second.views.query(Rankings.self) { try $0.current(of: other)?.ranking.entries } ?? []
        let gone = ours.filter { entry in !theirs.contains { $0.model == entry.model } }
        return (theirs + gone).map { entry in
            RunDiff.Rank(
                model: entry.model, first: ours.first { $0.model == entry.model },
                second: theirs.first { $0.model == entry.model })
        }
    }
}

// MARK: - Questions and their cost

extension DiffService {
    /// What tells a question from the others of its run.
    private struct Question: Hashable {
        /// Scenario, model and sample, and the judge for one that judges.
        let place: String
        let turn: Int

        static func precedes(_ one: Question, _ other: Question) -> Bool {
            (one.place, one.turn) < (other.place, other.turn)
        }
    }

    /// What was sent and what came back, as digests.
    private struct Exchange: Equatable {
        var request: Digest
        var answer: Digest?
    }

    private func exchanges(of run: RunID, in store: Store) throws -> [Question: Exchange] {
        var places: [JobID: String] = [:]
        var open: [String: Question] = [:]
        var exchanges: [Question: Exchange] = [:]
        let types = [JobSubmitted.type, CallStarted.type, CallCompleted.type, CallReused.type]
        try store.log.scan(from: .first, to: nil, matching: EventFilter(types: types)) { event in
            guard try event.metadata().run == run.rawValue else { return }
            if event.hasType(JobSubmitted.type) {
                guard let id = JobID(inStreamOf: event) else { return }
                places[id] = Self.place(try event.decode(JobSubmitted.self).labels)
            } else if event.hasType(CallStarted.type) {
                let started = try event.decode(CallStarted.self)
                let question = Question(place: places[started.job] ?? started.job.rawValue, turn: started.turn)
                open[event.stream.id] = question
                exchanges[question] = Exchange(request: started.request)
            } else if event.hasType(CallCompleted.type) {
                guard let question = open.removeValue(forKey: event.stream.id) else { return }
                exchanges[question]?.answer = try event.decode(CallCompleted.self).answer
            } else {
                let reused = try event.decode(CallReused.self)
                let question = Question(place: places[reused.job] ?? reused.job.rawValue, turn: reused.turn)
                exchanges[question] = Exchange(request: reused.request, answer: reused.answer)
            }
        }
        return exchanges
    }

    private static func place(_ labels: [String: String]) -> String {
        ["scenario", "model", "sample", "judge"].compactMap { labels[$0] }.joined(separator: "/")
    }

    private func transcripts(_ one: RunID, _ other: RunID) throws -> RunDiff.Transcripts {
        let (ours, theirs) = (try exchanges(of: one, in: first), try exchanges(of: other, in: second))
        var diff = RunDiff.Transcripts()
        var differing: [(question: Question, what: String)] = []
        for (question, exchange) in ours {
            guard let partner = theirs[question] else {
                diff.onlyFirst += 1
                differing.append((question, "only in the first"))
                continue
            }
            if exchange == partner {
                diff.same += 1
            } else if exchange.request != partner.request {
                diff.otherQuestion += 1
                differing.append((question, "another question"))
            } else {
                diff.otherAnswer += 1
                differing.append((question, "another answer"))
            }
        }
        for question in theirs.keys where ours[question] == nil {
            diff.onlySecond += 1
            differing.append((question, "only in the second"))
        }
        differing.sort { Question.precedes($0.question, $1.question) }
        diff.examples = differing.prefix(mostExamples).map { question, what in
            "\(question.place) turn \(question.turn): \(what)"
        }
        return diff
    }

    private func usage(_ one: RunID, _ other: RunID) throws -> [RunDiff.Usage] {
        let ours = try sides(of: one, in: first)
        let theirs = try sides(of: other, in: second)
        let keys = Set(ours.keys).union(theirs.keys).sorted { $0.lexicographicallyPrecedes($1) }
        return keys.map { key in
            RunDiff.Usage(
                provider: key[0], model: key[1], purpose: key[2], first: ours[key] ?? RunDiff.Usage.Side(),
                second: theirs[key] ?? RunDiff.Usage.Side())
        }
    }

    private func sides(of run: RunID, in store: Store) throws -> [[String]: RunDiff.Usage.Side] {
        try store.views.query(CallUsage.self) { try $0.rows(of: run) }.reduce(into: [:]) { sides, entry in
            var side = RunDiff.Usage.Side()
            side.calls = entry.row.calls
            side.cost = entry.row.cost
            side.input = entry.row.tokens.input
            side.output = entry.row.tokens.output
            side.withoutCost = entry.row.withoutCost
            sides[[entry.key.provider, entry.key.model, entry.key.purpose.rawValue]] = side
        }
    }
}
