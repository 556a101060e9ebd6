package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog

/// A job of a queue: all that claims and listings need, but for its input, which stands in the log at `position`.
package struct QueueRow: Equatable, Sendable {
    // What it is, as it was submitted.
    package let deadline: Timestamp?
    package let join: QueueTerms.Join
    package let kind: String
    package let labels: CanonicalTexts
    package let maxAttempts: Int
    package let name: String?
    /// How many jobs it waits for.
    package let parents: Int
    /// Where its submission stands.
    package let position: Position
    package let priority: Int
    package let queue: String
    /// How many ranges its parents are named in.
    let ranges: Int
    package let run: RunID
    package let submitted: Timestamp
    package let timeout: Microseconds?

    // How far it has come, as `Job.Progress` has it.
    package internal(set) var crashes = 0
    package internal(set) var deferrals = 0
    package internal(set) var failures = 0
    package internal(set) var hangs = 0
    package internal(set) var spent = 0
    package internal(set) var stage = Job.Stage.ready

    /// How many jobs wait or waited for it.
    package internal(set) var children = 0
    /// The class of its last failure; nil once it is completed.
    package internal(set) var errorClass: String?
    /// What its last failure or crash said, or why it was put off; nil once it is completed.
    package internal(set) var errorMessage: String?
    /// How many of its parents ended in a failure that counts.
    package internal(set) var failed = 0
    /// The provider whose budget of retries holds it back; nil where none does.
    package internal(set) var heldBackBy: ProviderID?
    /// When it ended; nil while it hasn't.
    package internal(set) var finished: Timestamp?
    /// How often it was begun anew, or others made sure that it isn't without another look at its unique key.
    package internal(set) var keyTurns = 0
    /// Where its last event stands.
    package internal(set) var lastPosition: Position
    /// How many answers came after they counted.
    package internal(set) var lateResults = 0
    /// Before this it isn't begun; nil once an event shows that the time has come.
    package internal(set) var notBefore: Timestamp?
    /// How many of its parents haven't ended, as long as that matters.
    package internal(set) var pending: Int
    /// Where the lease stands by which somebody has it; a renewal doesn't change that, and nil while nobody has.
    package internal(set) var leased: Position?
    /// What its present attempt last said of how far it has come.
    package internal(set) var progress: Progress?
    package internal(set) var revision: Revision
    /// The skip that one of its parents brought about, or would if no other fails.
    package internal(set) var dueSkip: DueSkip?
    /// When its last attempt began; nil before the first since it was submitted or an operator asked for it anew.
    package internal(set) var started: Timestamp?
    /// Where the last event stands that was more than evidence: the cause of what follows from its stage.
    package internal(set) var turned: Position
    /// Who has it, or had it last.
    package internal(set) var worker: WorkerID?

    package struct Progress: Equatable, Sendable {
        package let message: String?
        package let thousandths: Int
    }

    /// A skip and where the parent's end stands that brought it about.
    package struct DueSkip: Equatable, Sendable {
        package let skipped: JobSkipped
        package let cause: Position
    }

    init(_ submission: JobSubmitted, _ terms: QueueTerms, at event: EventLog.Event) {
        deadline = terms.deadline
        join = terms.join
        kind = submission.kind
        labels = submission.labelTexts
        maxAttempts = submission.maxAttempts
        name = terms.name
        parents = terms.parentCount
        position = event.position
        priority = terms.priority
        queue = submission.lane
        ranges = terms.parents.count
        run = submission.run
        submitted = event.time
        timeout = terms.timeout
        lastPosition = event.position
        notBefore = terms.notBefore
        pending = parents
        revision = event.revision
        turned = event.position
        pass(event.time)
    }

    /// The number of the running or next attempt.
    package var attempt: Int { failures + 1 }

    /// How many attempts it may make in all: those before an operator last asked for it anew count beside the others.
    package var allowedAttempts: Int { failures - spent + maxAttempts }

    /// The stream as the decider has it, to go on from without reading it; `submission` is the event at `position`.
    package func loaded(_ submission: JobSubmitted) -> Loaded<Job> {
        var progress = Job.Progress(submission: submission)
        progress.crashes = crashes
        progress.deferrals = deferrals
        progress.failures = failures
        progress.hangs = hangs
        progress.hasBegun = started != nil
        progress.keyTurns = keyTurns
        progress.spent = spent
        progress.stage = stage
        return Loaded(state: .known(progress), revision: revision, lastPosition: lastPosition)
    }
}

extension QueueRow {
    /// Takes note that a time has come.
    mutating func pass(_ time: Timestamp) {
        if let notBefore, notBefore <= time { self.notBefore = nil }
    }

    /// Takes what happened to it as `Job.evolve` does.
    mutating func take(_ happened: JobEvent, at event: EventLog.Event) {
        lastPosition = event.position
        revision = event.revision
        switch happened {
        case .progressed(let progressed):
            guard case .leased = stage else { return }
            progress = Progress(message: progressed.message, thousandths: progressed.thousandths)
        case .resultLate: lateResults += 1
        case .keyLost: keyTurns += 1
        default:
            turned = event.position
            pass(event.time)
            heldBackBy = nil
            turn(happened, at: event.time)
            if case .leased = stage {} else { leased = nil }
        }
    }

    private mutating func turn(_ happened: JobEvent, at time: Timestamp) {
        switch happened {
        case .submitted, .progressed, .resultLate, .keyLost: break
        case .leased(let lease):
            leased = turned
            begin(lease, at: time)
        case .leaseRenewed(let lease):
            stage = .leased(Job.Lease(attempt: lease.attempt, deadline: lease.deadline, worker: lease.worker))
        case .completed:
            errorClass = nil
            errorMessage = nil
            end(.completed, at: time)
        case .failed(let failure): fail(failure, at: time)
        case .retryScheduled(let retry):
            if let budget = retry.budget, budget.wait > .zero { heldBackBy = budget.provider }
            stage = .retrying(notBefore: retry.notBefore)
        case .leaseExpired(let expired):
            crashes = expired.crashes
            if expired.reason == .deadline { hangs += 1 }
            stage = .ready
        case .crashed(let crashed):
            crashes = crashed.crashes
            hangs += 1
            errorMessage = crashed.message
            stage = .ready
        case .released:
            deferrals += 1
            stage = .ready
        case .deferred(let deferred):
            deferrals += 1
            errorMessage = deferred.reason
            stage = .deferred(notBefore: deferred.notBefore)
        case .unlocked: stage = .ready
        case .cancelled(let cancelled): end(.cancelled(cancelled.reason), at: time)
        case .skipped(let skipped):
            dueSkip = nil
            end(.skipped(skipped), at: time)
        case .retryRequested: returnToQueue()
        }
    }

    private mutating func begin(_ lease: JobLeased, at time: Timestamp) {
        stage = .leased(Job.Lease(attempt: lease.attempt, deadline: lease.deadline, worker: lease.worker))
        notBefore = nil
        progress = nil
        started = time
        worker = lease.worker
    }

    private mutating func fail(_ failure: JobFailed, at time: Timestamp) {
        failures += 1
        spent += 1
        errorClass = failure.class
        errorMessage = failure.message
        if failure.final { end(.failed(class: failure.class), at: time) } else { stage = .undecided }
    }

    private mutating func end(_ ending: Job.Stage, at time: Timestamp) {
        stage = ending
        finished = time
    }

    private mutating func returnToQueue() {
        spent = 0
        crashes = 0
        hangs = 0
        stage = .ready
        finished = nil
        progress = nil
        started = nil
        keyTurns += 1
        forgetParents()
    }
}
