import ArgumentParser
import Cairn
import Determinism
import Experiments
import Jobs

/// What `cairn query jobs` looks for: jobs of queues, jobs of runs, or both.
struct JobSearch: ParsableArguments {
    @Option(
        name: [.long, .customLong("status")],
        help: "Only jobs in this state; may be repeated. \(JobSearch.stateHelp)")
    var state: [String] = []

    @Option(help: "Only jobs of this kind; those of runs are of the kinds probe and judge.")
    var kind: String?

    @Option(help: "Only jobs of this queue.")
    var queue: String?

    @Option(help: ArgumentHelp("Only jobs of queues with this tag; may be repeated.", valueName: "key=value"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("Only jobs of this submission.", valueName: "name"))
    var submission: String?

    @Option(help: ArgumentHelp("Only jobs whose last failure was of this class.", valueName: "class"))
    var errorClass: String?

    @Option(
        help: ArgumentHelp("Only jobs submitted longer ago, as in 90s, 30m, 2h or 7d.", valueName: "length"),
        transform: LengthArgument.init)
    var olderThan: LengthArgument?

    @Option(
        help: ArgumentHelp("Only jobs submitted more lately, as in 90s, 30m, 2h or 7d.", valueName: "length"),
        transform: LengthArgument.init)
    var newerThan: LengthArgument?

    @Flag(help: "The newest jobs of each state first; of queues only.")
    var newest = false

    private static let queueStates = QueueState.allCases.map(\.rawValue)
    private static let runStates = JobStatus.State.allCases.map(\.rawValue)

    private static var stateHelp: String {
        "In queues: \(queueStates.joined(separator: ", ")). In runs: \(runStates.joined(separator: ", "))."
    }

    /// Which jobs the options can only be about.
    enum Subject: Equatable {
        case queues
        case runs
        case either
    }

    func validate() throws {
        for state in state where !(Self.queueStates + Self.runStates).contains(state) {
            var known: [String] = []
            for name in Self.queueStates.dropLast() + Self.runStates where !known.contains(name) { known.append(name) }
            let near = Suggestion.near(state, among: known).map { "; \($0)" } ?? ""
            throw ValidationError("--state takes one of \(known.joined(separator: ", ")); found \(state)\(near)")
        }
        if submission != nil, queue != nil {
            throw ValidationError("a submission's jobs may be in several queues: give --submission or --queue")
        }
    }

    /// Which jobs these options are about, before it is known what the run is, if one is given.
    func subject(_ labels: LabelOptions) throws -> Subject {
        let forQueues = queue ?? submission ?? tag.first
        let forRuns = labels.model ?? labels.scenario ?? labels.judge
        let isForQueues = forQueues != nil || newest
        if isForQueues, forRuns != nil {
            throw Failure(
                .usage,
                "--model, --scenario and --judge are about jobs of runs; "
                    + "--queue, --submission, --tag and --newest about jobs of queues",
                remedy: "leave out the ones or the others")
        }
        if isForQueues { return .queues }
        if forRuns != nil { return .runs }
        guard !state.isEmpty else { return .either }
        if !state.contains(where: Self.runStates.contains) { return .queues }
        if !state.contains(where: Self.queueStates.contains) { return .runs }
        return .either
    }

    /// What to look for in queues; nil when no job there can be in these states.
    func filter(run: RunID?, now: Timestamp) throws -> QueueFilter? {
        var filter = QueueFilter()
        filter.states = state.compactMap(QueueState.init)
        if filter.states.isEmpty, !state.isEmpty { return nil }
        filter.kind = kind
        filter.queue = queue
        filter.tags = try Tags.read(tag)
        filter.run = submission.map(SubmissionPlan.run(of:)) ?? run
        filter.errorClass = errorClass
        filter.submittedFrom = newerThan.map { now - $0.length }
        filter.submittedBefore = olderThan.map { now - $0.length }
        return filter
    }

    /// The states to look for in runs; nil when no job there can be in these.
    var runStates: [JobStatus.State]? {
        let states = JobStatus.State.allCases.filter { state.contains($0.rawValue) }
        return state.isEmpty ? JobStatus.State.allCases : states.isEmpty ? nil : states
    }

    /// Whether a job of a run is looked for, as far as its state and labels don't tell.
    func matches(_ row: JobStatusRow, now: Timestamp) -> Bool {
        if let errorClass, row.errorClass != errorClass { return false }
        if let newerThan, row.submitted < now - newerThan.length { return false }
        if let olderThan, row.submitted >= now - olderThan.length { return false }
        return kind == nil || row.kind == kind
    }
}
