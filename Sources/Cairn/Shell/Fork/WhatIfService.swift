import Calls
import Deciders
import EventLog
import Experiments
package import Jobs
import Projections
import Replay
import Scoring

/// Answers what-if questions in memory, from what a store has recorded.
package struct WhatIfService: Sendable {
    private let store: Store

    package init(store: Store) { self.store = store }

    /// Where a fork is kept, and what is done before it is there.
    package struct Keeping: Sendable {
        package let path: String
        /// Hears what was made before it has its name.
        package let recording: @Sendable (ForkService.Report) async throws -> Void

        package init(path: String, recording: @escaping @Sendable (ForkService.Report) async throws -> Void) {
            self.path = path
            self.recording = recording
        }
    }

    /// The results with the substitutions applied one after the other.
    ///
    /// Weights, rankings, prices and what is left out are computed from the read models and the log. For parsers,
    /// retries and budgets, on which hangs what is asked, forks are made for a while; without `live` a call that the
    /// recording can't answer is an `UnansweredCall`. `keeping` keeps the fork with all substitutions. A budget that can't
    /// be kept to is a `BudgetProblem` before anything is made or sent.
    package func report(
        on runs: [RunID], with substitutions: [Substitution], live: ForkService.Live? = nil, keeping: Keeping? = nil
    ) async throws -> WhatIf.Report {
        let head = try store.log.head()
        let queries = try Queries(store)
        let definitions = try runs.map { (id: $0, definition: try queries.definition(of: $0)) }
        try Substitution.check(substitutions, fit: definitions)
        try Substitution.checkBudget(substitutions, of: definitions.map(\.definition))
        var results = Results()
        if substitutions.allSatisfy(\.isArithmetic) {
            for (run, answer) in try computed(runs, substitutions, upTo: Position(head.size)) {
                results.standings[run] = answer.standings
                results.scores[run] = answer.scores
            }
            if let keeping {
                results.fork = try await ForkService(parent: store).make(
                    at: keeping.path, with: substitutions, of: runs, live: live, recording: keeping.recording)
            }
        } else {
            try await fork(runs, substitutions, live, keeping, &results)
        }
        return try report(on: runs, substitutions, at: head, results)
    }

    private struct Results {
        var standings: [RunID: [WhatIf.Standing]] = [:]
        var scores: [RunID: WhatIf.ScoreChanges] = [:]
        var calls = 0
        var fork: ForkService.Report?
    }

    /// Makes a fork with each further substitution, and looks at it.
    private func fork(
        _ runs: [RunID], _ substitutions: [Substitution], _ live: ForkService.Live?, _ keeping: Keeping?,
        _ results: inout Results
    ) async throws {
        for (run, standing) in try Self.standings(of: runs, in: store) { results.standings[run] = [standing] }
        let sending = live.map { RememberingTransport($0.transport) }
        let live = live.flatMap { live in
            sending.map { ForkService.Live(transport: $0, key: live.key, logger: live.logger) }
        }
        for count in 1...substitutions.count {
            let isLast = count == substitutions.count
            let scratch = try ScratchDirectory()
            let kept = isLast ? keeping : nil
            let path = kept?.path ?? scratch.path + "/fork"
            let service = ForkService(parent: store)
            let applied = Array(substitutions.prefix(count))
            let fork =
                if let kept {
                    try await service.make(
                        at: path, with: applied, of: runs, live: live, recording: kept.recording)
                } else {
                    try await service.makePassing(at: path, with: applied, of: runs, live: live)
                }
            results.fork = kept == nil ? nil : fork
            let child = try Store.open(at: path)
            defer { child.close() }
            for (run, standing) in try Self.standings(of: runs, in: child) { results.standings[run]?.append(standing) }
            guard isLast else { continue }
            for run in runs { results.scores[run] = try Self.scoreChanges(of: run, store, child) }
        }
        results.calls = sending?.sent ?? 0
    }

    private func report(
        on runs: [RunID], _ substitutions: [Substitution], at head: TreeHead, _ results: Results
    ) throws -> WhatIf.Report {
        let definitions = try Queries(store).definitions(of: runs)
        return WhatIf.Report(
            parent: store.log.manifest.id, head: head, changes: substitutions.map(\.change),
            runs: runs.compactMap { run in
                guard let steps = results.standings[run], let before = steps.first, let after = steps.last else {
                    return nil
                }
                return WhatIf.RunResult(
                    run: run, experiment: definitions[run]?.name ?? "", before: before, after: after,
                    moves: WhatIf.moves(from: before, through: Array(zip(substitutions, steps.dropFirst()))),
                    scores: results.scores[run] ?? WhatIf.ScoreChanges())
            }, calls: results.calls, fork: results.fork)
    }
}

// MARK: - In memory

extension WhatIfService {
    private func computed(
        _ runs: [RunID], _ substitutions: [Substitution], upTo end: Position
    ) throws -> [RunID: (standings: [WhatIf.Standing], scores: WhatIf.ScoreChanges)] {
        let queries = try Queries(store)
        var stages: [RunID: [ExperimentDefinition]] = [:]
        for run in runs {
            let definition = try queries.definition(of: run)
            stages[run] = try substitutions.reduce(into: [definition]) { stages, substitution in
                stages.append(try substitution.applied(to: stages[stages.count - 1]))
            }
        }
        let costs = try costs(stages, substitutions, upTo: end)
        let isRepricedAlone = substitutions.allSatisfy { if case .prices = $0 { true } else { false } }
        var answers: [RunID: (standings: [WhatIf.Standing], scores: WhatIf.ScoreChanges)] = [:]
        for run in runs {
            guard let stages = stages[run], let first = stages.first else { continue }
            if isRepricedAlone {
                let entries = try store.views.query(Rankings.self) { try $0.current(of: run)?.ranking.entries } ?? []
                let scored = entries.reduce(0) { $0 + $1.scored }
                let standings = stages.indices.map { index in
                    WhatIf.Standing(entries: entries, scored: scored, cost: costs[run]?[index] ?? nil)
                }
                answers[run] = (standings, WhatIf.ScoreChanges())
                continue
            }
            let sheet = try ScoreSheet(of: run, first, in: store.views)
            let isRanked = try store.views.query(Rankings.self) { try $0.current(of: run) } != nil
            var standings: [WhatIf.Standing] = []
            var changed = 0
            for (index, definition) in stages.enumerated() {
                let ranking = sheet.ranking(under: definition)
                changed = ranking.changed
                standings.append(
                    WhatIf.Standing(
                        entries: isRanked ? ranking.entries : [], scored: ranking.scored,
                        cost: costs[run]?[index] ?? nil))
            }
            let gone = (standings.first?.scored ?? 0) - (standings.last?.scored ?? 0)
            answers[run] = (standings, WhatIf.ScoreChanges(changed: changed, gone: gone))
        }
        return answers
    }

    /// The cost of each run at each stage; nil where something is left out, whose calls no read model tells apart.
    private func costs(
        _ stages: [RunID: [ExperimentDefinition]], _ substitutions: [Substitution], upTo end: Position
    ) throws -> [RunID: [WhatIf.Cost?]] {
        var isWhole = true
        let known =
            [true]
            + substitutions.map { substitution in
                if case .without = substitution { isWhole = false }
                return isWhole
            }
        let isRepriced = substitutions.contains { if case .prices = $0 { true } else { false } }
        guard isRepriced else {
            return try stages.reduce(into: [:]) { costs, entry in
                let cost = try Self.cost(of: entry.key, in: store)
                costs[entry.key] = known.map { $0 ? cost : nil }
            }
        }
        let pricings = substitutions.indices.map { index -> CallCosts.Pricing in
            let prices = Dictionary(
                stages.map { run, stages in (run.rawValue, PricesOfRun(stages[index + 1])) }
            ) { first, _ in first }
            return { asked in prices[asked.run]?.price(of: asked) }
        }
        let sums = try CallCosts(log: store.log).sums(by: pricings, upTo: end)
        return stages.reduce(into: [:]) { costs, entry in
            guard let sum = sums[entry.key.rawValue] else { return }
            costs[entry.key] = zip([sum.recorded] + sum.priced, known).map { $1 ? $0 : nil }
        }
    }

    static func cost(of run: RunID, in store: Store) throws -> WhatIf.Cost {
        try store.views.query(CallUsage.self) { try $0.rows(of: run) }.reduce(into: WhatIf.Cost()) { cost, entry in
            cost.known += entry.row.calls - entry.row.withoutCost
            cost.unknown += entry.row.withoutCost
            cost.total += entry.row.cost
        }
    }
}

// MARK: - From a fork

extension WhatIfService {
    static func standings(of runs: [RunID], in store: Store) throws -> [RunID: WhatIf.Standing] {
        try runs.reduce(into: [:]) { standings, run in
            let ranking = try store.views.query(Rankings.self) { try $0.current(of: run)?.ranking }
            var scored = 0
            try store.views.query(Scores.self) { tables in
                try tables.scores.forEach(prefix: KeyPrefix(run)) { _, row in
                    if case .computed = row.outcome { scored += 1 }
                    return true
                }
            }
            standings[run] = WhatIf.Standing(
                entries: ranking?.entries ?? [], scored: scored, cost: try cost(of: run, in: store))
        }
    }

    private static func scoreChanges(of run: RunID, _ one: Store, _ other: Store) throws -> WhatIf.ScoreChanges {
        func totals(_ store: Store) throws -> [JobID: Double] {
            var totals: [JobID: Double] = [:]
            try store.views.query(Scores.self) { tables in
                try tables.scores.forEach(prefix: KeyPrefix(run)) { key, row in
                    if case .computed(let computed) = row.outcome { totals[key.job] = computed.total }
                    return true
                }
            }
            return totals
        }
        return WhatIf.ScoreChanges(from: try totals(one), to: try totals(other))
    }
}
