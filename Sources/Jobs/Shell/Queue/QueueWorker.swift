package import Deciders
package import Determinism
package import EventLog
package import Logging
package import Projections

/// One process that works on the jobs of queues until it is asked to end, or until nothing is left.
///
/// `QueueMachine` has the rules, `JobQueue` says what there is to do, and what takes time is a task of its own. Wakes
/// when something ends, when the log grows and when a time has come; never polls for work.
package struct QueueWorker: Sendable {
    /// What a worker needs to know.
    package struct Configuration: Sendable {
        package var worker: WorkerID
        /// How many handlers may run at once.
        package var slots: Int
        /// Bytes for all jobs of kinds whose need is known; nil for no limit.
        package var memory: Int?
        package var lease: LeasePolicy
        /// The queues it works on; nil for all of them.
        package var queues: Set<String>?
        /// How long handlers may go on after it was asked to end.
        package var grace: Microseconds
        /// Whether it ends when its queues have nothing left to do.
        package var endsWhenEmpty: Bool
        /// It ends when nothing can be begun within that time either; nil to wait for whatever is left.
        package var endsWhenIdleFor: Microseconds?
        /// How often it looks after leases, its own and those of others.
        package var rounds: Microseconds

        package init(
            worker: WorkerID, slots: Int, memory: Int? = nil, lease: LeasePolicy = LeasePolicy(length: .seconds(30)),
            queues: Set<String>? = nil, grace: Microseconds = .seconds(30), endsWhenEmpty: Bool = false,
            endsWhenIdleFor: Microseconds? = nil, rounds: Microseconds = .milliseconds(500)
        ) {
            self.worker = worker
            self.slots = slots
            self.memory = memory
            self.lease = lease
            self.queues = queues
            self.grace = grace
            self.endsWhenEmpty = endsWhenEmpty
            self.endsWhenIdleFor = endsWhenIdleFor
            self.rounds = rounds
        }
    }

    /// How work ended.
    package enum Outcome: Equatable, Sendable {
        /// Nothing was left to do in its queues.
        case finished
        /// Something is left that nothing here can begin, and why.
        case blocked([String])
        /// Nothing that is left can be begun soon: when the next can, if one can, and what keeps others from it.
        case idle(next: Timestamp?, obstacles: [String])
        /// It was asked to end; what it hadn't finished is for others.
        case drained
    }

    let configuration: Configuration
    let log: any Log
    let effects: Effects
    let time: TimeSource
    let views: ProjectionRunner
    let handlers: QueueHandlers
    /// Whether the process of another worker has ended.
    let isGone: @Sendable (WorkerID) -> Bool
    let jobs: CommandHandler<Job>
    let logger: Logger
    /// Is told at each round, and at the end, how the worker stands.
    let tell: @Sendable (WorkerStatus) -> Void
    private let draining = OneShot()
    private let stopping = OneShot()

    package init(
        _ configuration: Configuration, log: any Log, effects: Effects, time: TimeSource, views: ProjectionRunner,
        handlers: QueueHandlers, isGone: @escaping @Sendable (WorkerID) -> Bool,
        logger: Logger = Logger(label: "cairn.queue"), tell: @escaping @Sendable (WorkerStatus) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.log = log
        self.effects = effects
        self.time = time
        self.views = views
        self.handlers = handlers
        self.isGone = isGone
        self.logger = logger
        self.tell = tell
        jobs = CommandHandler(log: log, effects: effects, worker: configuration.worker.rawValue)
    }

    /// Makes it begin nothing new, and end when what runs has ended or the grace is over.
    package func drain() { draining.happen() }

    /// Makes it end at once: what runs is stopped and given back.
    package func stop() {
        draining.happen()
        stopping.happen()
    }

    /// Works until nothing is left, or until it has drained.
    ///
    /// Cancelling the caller ends it as if the process had been killed: nothing more is recorded.
    package func work() async throws -> Outcome {
        let mailbox = Mailbox<QueueMessage>()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await follow(mailbox) }
            group.addTask { await keepTime(mailbox) }
            group.addTask {
                if (try? await draining.wait()) != nil { mailbox.post(.drain) }
            }
            group.addTask { await endGrace(mailbox) }
            defer { group.cancelAll() }
            return try await withThrowingDiscardingTaskGroup { steps in
                defer { steps.cancelAll() }
                var loop = QueueLoop(self, mailbox)
                return try await loop.run { step in steps.addTask { await step() } }
            }
        }
    }

    var viewer: QueueSight.Viewer {
        QueueSight.Viewer(
            worker: configuration.worker, serves: { configuration.queues?.contains($0) ?? true },
            knows: { handlers.knows($0) }, isGone: isGone)
    }

    private func endGrace(_ mailbox: Mailbox<QueueMessage>) async {
        guard (try? await draining.wait()) != nil else { return }
        _ = try? await race {
            try await effects.pause(configuration.grace)
        } cut: {
            try await stopping.wait()
        }
        if !Task.isCancelled { mailbox.post(.stop) }
    }

    private func keepTime(_ mailbox: Mailbox<QueueMessage>) async {
        while (try? await effects.pause(configuration.rounds)) != nil { mailbox.post(.round) }
    }

    /// Tells the loop when the log has events that may give it something to do.
    ///
    /// Each wait begins at the end of the log: what came before is seen by the look that follows.
    private func follow(_ mailbox: Mailbox<QueueMessage>) async {
        let types = [
            JobSubmitted.type, JobCompleted.type, JobFailed.type, JobRetryScheduled.type, JobLeaseExpired.type,
            JobReleased.type, JobSkipped.type, JobRetryRequested.type, JobCancelled.type, JobCrashed.type,
            JobDeferred.type, JobUnlocked.type, QueueConfigured.type, QueueResumed.type, WorkerKindResumed.type,
        ]
        do {
            while !Task.isCancelled {
                let end = Position(try log.head().size)
                var iterator = log.subscribe(from: end, matching: EventFilter(types: types)).makeAsyncIterator()
                mailbox.post(.grown)
                if try await iterator.next() == nil { return }
            }
        } catch {
            if !Task.isCancelled { mailbox.post(.failed(error)) }
        }
    }
}

/// What the loop of a worker is told.
enum QueueMessage: Sendable {
    case grown
    /// Time to look after leases.
    case round
    /// A time that a job waited for has come.
    case due
    case claimed(leased: [HeldJob], lost: [JobID])
    case reported(JobID, Int, String?)
    case progressed(JobID, Loaded<Job>)
    case ended(JobID, QueueResult)
    /// The budgets were asked again for late retries: those with an answer don't begin.
    case asked([(JobID, QueueResult?)])
    /// Those of the ids that couldn't be given back, since they were cancelled or taken away, are counted.
    case recorded([JobID], taken: Int)
    case renewed([(HeldJob, Timestamp)], lost: [JobID])
    case settled
    /// It is recorded that no more jobs of a kind are begun.
    case pauseTold(kind: String)
    case drain
    case stop
    case failed(any Error)
}

/// A job that this process has, with its stream as far as it knows it.
struct HeldJob: Sendable {
    let id: JobID
    var loaded: Loaded<Job>
    let submission: JobSubmitted
    let attempt: Int
    let deadline: Timestamp
    /// When it was to begin, if it waited for a time.
    let due: Timestamp?
    /// Where the lease stands, or its last renewal: the cause of its loss.
    var lease: Position
    /// Makes its handler stop.
    let stopped = OneShot()
}

extension Loaded<Job> {
    /// When the lease ends that the stream shows; nil when it shows none.
    var leaseDeadline: Timestamp? {
        guard case .known(let job) = state, case .leased(let lease) = job.stage else { return nil }
        return lease.deadline
    }
}
