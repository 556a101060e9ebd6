import ArgumentParser
import Cairn
import Calls
import Determinism
import EventLog
import Experiments
import HTTPTransport
import Jobs
import Providers
import Replay
import Scoring
import SimulatedProviders

/// The command `cairn replay what-if`.
struct ReplayWhatIfCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "what-if",
        abstract: "Derive the results again with something changed.",
        discussion: """
            What was observed stays as it was recorded; scores, rankings, costs and retries are derived anew. Each rank \
            that moved is shown with the change that moved it: changes are applied one after the other, in the order in \
            which they are listed below. With -o the fork is kept as a store of its own, which verifies like any other. \
            A call that the recording has no answer to is an error, unless --allow-live sends it to its provider.

            EXAMPLE
              cairn replay what-if --weights imagery=0.5,form=2
              cairn replay what-if --prices prices.json -o cheaper
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var access: AccessOptions

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("Only this run: its id, or the beginning of it; else all of them.", valueName: "run"))
    var only: String?

    @Option(
        help: ArgumentHelp(
            "Leave out a scenario, model or judge, as in model=careful.", valueName: "kind=id"))
    var without: [String] = []

    @Option(
        help: ArgumentHelp(
            "Other weights of criteria: of all judges, or of one as in judge/criterion=2.",
            valueName: "criterion=weight,…"))
    var weights: [String] = []

    @Option(help: ArgumentHelp("Read judges' answers by this version, v1 or v2.", valueName: "version"))
    var parser: String?

    @Option(help: "A table of prices in LiteLLM's form.")
    var prices: String?

    @Option(help: ArgumentHelp("Another retry policy, as in attempts=3,base=2s,cap=60s.", valueName: "policy"))
    var retry: String?

    @Option(help: ArgumentHelp("Another budget, as in cost=12.50,calls=1000,tokens=200000.", valueName: "budget"))
    var budget: String?

    @Option(help: ArgumentHelp("Rank by mean, median or winRate.", valueName: "method"))
    var ranking: String?

    @Option(name: .shortAndLong, help: "Keep the fork in this directory, which mustn't exist.")
    var output: String?

    @Flag(help: "Send calls that the recording can't answer to their providers; each is marked in the fork.")
    var allowLive = false

    func run() async throws {
        let substitutions = try substitutions()
        if substitutions.isEmpty {
            throw Failure(
                .usage,
                "nothing is changed; give --weights, --parser, --prices, --retry, --budget, "
                    + "--ranking or --without")
        }
        let parent = try Store.open(at: store.path)
        defer { parent.close() }
        do {
            let runs = try ForkService(parent: parent).runs(only)
            if runs.isEmpty { throw Failure(.usage, "no runs in this store yet") }
            try await LiveCalls.provide(to: parent, runs: runs, isAllowed: allowLive) { live in
                try await tell(on: runs, substitutions, in: parent, live)
            }
        } catch let problem as Substitution.Problem {
            throw Failure(.usage, "\(problem)")
        } catch let error as QueryError {
            throw Failure(.usage, "\(error)")
        } catch let problem as BudgetProblem {
            throw Failure(.usage, "the budget can't be kept to:\n\(problem)")
        }
    }

    private func tell(
        on runs: [RunID], _ substitutions: [Substitution], in parent: Store, _ live: ForkService.Live?
    ) async throws {
        var keeping: WhatIfService.Keeping?
        if let output {
            let access = access
            let changes = Dictionary(grouping: substitutions.map(\.change), by: \.kind)
                .mapValues { $0.map(\.text).joined(separator: ",") }
            keeping = WhatIfService.Keeping(path: output) { fork in
                let head = TreeHead(size: fork.created.position.rawValue, root: fork.created.head)
                try await access.record(
                    .fork(at: fork.created.position, changes: changes, child: fork.store, path: output), of: head,
                    in: parent)
            }
        }
        let report = try await WhatIfService(store: parent)
            .report(on: runs, with: substitutions, live: live, keeping: keeping)
        try answer.output.print(report) { WhatIfText.text(report) }
    }
}

// MARK: - Arguments

extension ReplayWhatIfCommand {
    private func substitutions() throws -> [Substitution] {
        var all: [Substitution] = []
        // First, so that nothing of what is left out is needed for the others.
        for text in without {
            let (name, id) = try Self.pair(text, of: "--without")
            guard let part = Substitution.Part(rawValue: name) else {
                throw Failure(.usage, "--without takes scenario=…, model=… or judge=…; found «\(text)»")
            }
            all.append(.without(part, id))
        }
        var weighed: Set<String> = []
        for part in weights.flatMap({ $0.split(separator: ",") }) {
            let name = String(part.prefix { $0 != "=" })
            guard weighed.insert(name).inserted else {
                throw Failure(.usage, "--weights gives «\(name)» twice; which of them counts?", remedy: "leave one out")
            }
            all.append(try weight(String(part)))
        }
        if let parser {
            guard parser.first == "v", let number = Int(parser.dropFirst()),
                let reading = JudgeAnswer.Reading(rawValue: number)
            else { throw Failure(.usage, "--parser takes v1 or v2; found «\(parser)»") }
            all.append(.reading(reading))
        }
        if let prices { all.append(try table(prices)) }
        if let retry { all.append(.retry(try retryChange(retry))) }
        if let budget { all.append(.budget(try bounds(budget))) }
        if let ranking {
            guard let method = RankingMethod(rawValue: ranking) else {
                let known = RankingMethod.allCases.map(\.rawValue)
                throw Failure(
                    .usage,
                    "--ranking takes \(known.joined(separator: ", ")); found «\(ranking)»")
            }
            all.append(.ranking(method))
        }
        return all
    }

    /// Sums of weighted points stay finite below it.
    private static let largestWeight = 1e9
    /// The largest whole number that JSON has everywhere.
    private static let largestCount = 1 << 53 - 1

    private func weight(_ text: String) throws -> Substitution {
        let (name, number) = try Self.pair(text, of: "--weights")
        guard let value = Double(number), (0...Self.largestWeight).contains(value) else {
            throw Failure(
                .usage,
                "--weights takes numbers from 0 to \(Int(Self.largestWeight)), as in accuracy=0.5; found «\(text)»")
        }
        let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
        return .weight(criterion: parts.last ?? name, judge: parts.count == 2 ? parts[0] : nil, value: value)
    }

    private func table(_ path: String) throws -> Substitution {
        do {
            let (table, digest) = try ExperimentLoader.priceTable(path)
            return .prices(table, name: digest)
        } catch let failure as ExperimentLoader.Failure {
            throw Failure(.usage, "can't read \(failure.path): \(failure.reason)")
        }
    }

    private func retryChange(_ text: String) throws -> Substitution.RetryChange {
        var change = Substitution.RetryChange()
        for part in text.split(separator: ",") {
            let (name, value) = try Self.pair(String(part), of: "--retry")
            switch name {
            case "attempts": change.attempts = Int(value).flatMap { $0 >= 1 && $0 <= 1_000 ? $0 : nil }
            case "base": change.base = LengthArgument(argument: value)?.length
            case "cap": change.cap = LengthArgument(argument: value)?.length
            default: throw Failure(.usage, "--retry takes attempts, base and cap; found «\(name)»")
            }
        }
        let parts = text.split(separator: ",").count
        guard [change.attempts != nil, change.base != nil, change.cap != nil].count(where: { $0 }) == parts, parts > 0
        else { throw Failure(.usage, "--retry takes attempts=3,base=2s,cap=60s or a part of it; found «\(text)»") }
        return change
    }

    private static func count(_ text: String) -> Int? {
        Int(text).flatMap { (0...largestCount).contains($0) ? $0 : nil }
    }

    private func bounds(_ text: String) throws -> Budget {
        var budget = Budget()
        for part in text.split(separator: ",") {
            let (name, value) = try Self.pair(String(part), of: "--budget")
            switch name {
            case "cost": budget.maxCost = Budget.nanoDollars(value)
            case "calls": budget.maxCalls = Self.count(value)
            case "tokens": budget.maxTokens = Self.count(value)
            default: throw Failure(.usage, "--budget takes cost, calls and tokens; found «\(name)»")
            }
        }
        let parts = text.split(separator: ",").count
        guard
            [budget.maxCost != nil, budget.maxCalls != nil, budget.maxTokens != nil].count(where: { $0 }) == parts,
            parts > 0
        else {
            throw Failure(.usage, "--budget takes cost=12.50,calls=1000,tokens=200000 or a part of it; found «\(text)»")
        }
        return budget
    }

    private static func pair(_ text: String, of option: String) throws -> (name: String, value: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw Failure(.usage, "\(option) takes name=value; found «\(text)»")
        }
        return (parts[0], parts[1])
    }
}
