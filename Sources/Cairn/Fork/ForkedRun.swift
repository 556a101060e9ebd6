import Calls
import CanonicalJSON
import Determinism
import EventLog
import Experiments
import Jobs
import Providers
import Scoring

/// A run while it is taken over into a fork: what it was, what it is to be, and how far its jobs have come.
struct ForkedRun {
    let id: RunID
    /// False for a run that nothing is to be changed of; what it reused of another may be left out all the same.
    let isNamed: Bool
    let recorded: ExperimentDefinition
    let definition: ExperimentDefinition
    /// Takes the place of recorded budgets; nil keeps those.
    let budget: Budget?
    let plan: JobPlan
    let changesPrices: Bool
    let changesRetry: Bool
    let changesScores: Bool
    let leavesOut: Bool
    /// By job, where the plan isn't the recorded one.
    private let ordinals: [JobID: Int]
    private let bounds: SpendingBounds
    private var account = SpendingAccount()
    private var budgetInForce: Budget?
    /// No call fits the budget any more.
    private(set) var isExhausted = false
    /// What was recorded of the run's end no longer holds, so the pipeline has to go on with it.
    var isOpen = false
    var jobs: [JobID: ForkedJob] = [:]
    var submitted: Position?

    /// Without `substitutions`, a run that isn't named.
    init(
        _ id: RunID, _ recorded: ExperimentDefinition, _ substitutions: [Substitution]?
    ) throws(Substitution.Problem) {
        self.id = id
        isNamed = substitutions != nil
        let substitutions = substitutions ?? []
        self.recorded = recorded
        var definition = recorded
        for substitution in substitutions { definition = try substitution.applied(to: definition) }
        self.definition = definition
        budget = Substitution.budget(in: substitutions)
        plan = JobPlan(definition, run: id)
        changesPrices = substitutions.contains { if case .prices = $0 { true } else { false } }
        changesRetry = recorded.limits.retry != definition.limits.retry
        changesScores =
            recorded.reading != definition.reading || recorded.judges.map(\.rubric) != definition.judges.map(\.rubric)
        leavesOut =
            recorded.models.count != definition.models.count || recorded.scenarios.count != definition.scenarios.count
            || recorded.judges.count != definition.judges.count
        ordinals =
            leavesOut ? Dictionary(plan.jobs.map { ($0.id, $0.ordinal) }) { first, _ in first } : [:]
        bounds = SpendingBounds(definition)
    }

    /// Nil for a job that isn't in the plan any more.
    func ordinal(of job: JobID, recorded: Int) -> Int? { leavesOut ? ordinals[job] : recorded }

    /// The model that a job asks; nil for one that was left out.
    func model(asked job: JobSubmitted) -> ModelDefinition? {
        if job.kind == JudgeHandler.kind { return job.labels["judge"].flatMap(definition.judge)?.model }
        return job.labels["model"].flatMap(definition.model)
    }

    /// What the calls of a model are made on.
    func terms(of model: ModelDefinition) -> CallTerms {
        CallTerms(
            policy: CallPolicy(retry: definition.limits.retry, rule: definition.limits.retryRule), price: model.price)
    }

    // MARK: The budget

    /// Whether spending has to be followed call by call, since the recorded verdicts don't hold.
    var checksBudget: Bool { budget != nil || budgetInForce != nil && (changesPrices || leavesOut) }

    mutating func setBudget(_ budget: Budget?) { budgetInForce = budget.flatMap { $0.isUnbounded ? nil : $0 } }

    var hasBudget: Bool { budgetInForce != nil }

    /// What an attempt is kept back; nil without a budget.
    func reservation(of started: CallStarted, bodyBytes: Int) -> Reservation? {
        hasBudget ? bounds.reservation(of: started, bodyBytes: bodyBytes) : nil
    }

    /// Whether the budget has room for an attempt.
    mutating func admits(_ reservation: Reservation) -> Bool {
        guard let budgetInForce else { return true }
        let ledger = BudgetLedger(budgetInForce, spent: account.spent)
        let wanted = SpendingRules.worst(reservation)
        if ledger.verdict(on: wanted) == .exceeds { isExhausted = true }
        return BudgetLedger(budgetInForce, spent: account.spent + account.reserved).verdict(on: wanted) == .fits
    }

    /// Counts what an event of the fork spends.
    mutating func count(_ event: Event, bodyBytes: (Digest) throws -> Int) throws {
        try account.take(event) { started in
            bounds.reservation(of: started, bodyBytes: try bodyBytes(started.request))
        }
    }
}

/// A job while it is taken over.
struct ForkedJob {
    enum Fate {
        /// So far as it was recorded.
        case recorded
        /// What was recorded behind a certain event doesn't hold; the pipeline goes on with the job.
        case open
        /// It ended otherwise than recorded.
        case ended(Position)
    }

    let submission: JobSubmitted
    var fate = Fate.recorded
    /// While somebody works on it.
    var lease: (attempt: Int, worker: WorkerID)?
    /// Its latest call.
    var call: (id: CallID, state: Call.State)?
    /// Its score, where it is a judge's.
    var score: (position: Position, round: Int, total: Double)?
    /// How it ended in the fork, if it did.
    var end: EventType?

    var isFollowed: Bool {
        if case .recorded = fate { return true }
        return false
    }
}
