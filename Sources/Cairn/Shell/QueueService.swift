import Deciders
package import Determinism
package import Jobs
import Logging
import Projections

/// Submits jobs to the queues of a store, works on them, and changes what stands there.
package struct QueueService: Sendable {
    private let store: Store
    private let effects: Effects
    private let time: TimeSource
    private let jobs: CommandHandler<Job>
    private let queues: CommandHandler<QueueControl>

    package init(_ store: Store, time: TimeSource = .system) {
        self.store = store
        self.time = time
        effects = .live(time)
        jobs = CommandHandler(log: store.log, effects: effects, worker: nil)
        queues = CommandHandler(log: store.log, effects: effects, worker: nil)
    }

    /// Submits jobs under an id; again under the same id it adds what is missing.
    package func submit(
        _ requests: [JobRequest], id: String, by person: String
    ) async throws -> QueueSubmitter.Receipt {
        try await QueueSubmitter(log: store.log, effects: effects).submit(requests, id: id, by: person)
    }

    /// How many jobs of a submission were dropped since they ended: nothing lists them, and they aren't done again.
    package func pruned(of receipt: QueueSubmitter.Receipt) throws -> Int {
        if receipt.new == receipt.jobs.count { return 0 }
        return try store.askQueues { try $0.pruned(of: receipt.run, among: receipt.jobs) }
    }

    /// A worker with a new identity, ready to work; `tell` is told how it stands, twice a second and at the end.
    package func worker(
        _ handlers: QueueHandlers, slots: Int, memory: Int? = nil, queues: Set<String>? = nil,
        lease: LeasePolicy? = nil,
        grace: Microseconds = .seconds(30), endsWhenEmpty: Bool = false, endsWhenIdleFor: Microseconds? = nil,
        tell: @escaping @Sendable (WorkerStatus) -> Void = { _ in }
    ) -> Session {
        var configuration = QueueWorker.Configuration(
            worker: .new(), slots: slots, memory: memory, queues: queues, grace: grace, endsWhenEmpty: endsWhenEmpty,
            endsWhenIdleFor: endsWhenIdleFor)
        if let lease { configuration.lease = lease }
        let directory = store.workersDirectory
        let worker = QueueWorker(
            configuration, log: store.log, effects: effects, time: time, views: store.views, handlers: handlers,
            isGone: { WorkerLock.isGone($0, in: directory) },
            tell: { status in
                status.write(in: directory)
                tell(status)
            })
        return Session(worker: worker, id: configuration.worker, slots: slots, queues: queues, store, effects)
    }

    /// One process at work: says that it lives, works, and says how it ended.
    package struct Session: Sendable {
        package let worker: QueueWorker
        package let id: WorkerID
        private let started: WorkerStarted
        private let directory: String
        private let workers: CommandHandler<Worker>

        fileprivate init(
            worker: QueueWorker, id: WorkerID, slots: Int, queues: Set<String>?, _ store: Store, _ effects: Effects
        ) {
            self.worker = worker
            self.id = id
            started = WorkerStarted(
                concurrency: slots, queues: (queues ?? []).sorted(), host: ThisProcess.host, process: ThisProcess.id)
            directory = store.workersDirectory
            workers = CommandHandler(log: store.log, effects: effects, worker: id.rawValue)
        }

        package func work() async throws -> QueueWorker.Outcome {
            try await WorkerLock.hold(id, in: directory) {
                defer { WorkerStatus.remove(id, in: directory) }
                try await workers.handle(id.rawValue, .start(started))
                do {
                    let outcome = try await worker.work()
                    try await workers.handle(id.rawValue, .stop(outcome == .drained ? .drained : .finished))
                    return outcome
                } catch {
                    _ = try? await workers.handle(id.rawValue, .stop(.failed))
                    throw error
                }
            }
        }
    }
}

// MARK: - What operators change

extension QueueService {
    /// What came of a change to several jobs.
    package struct Changed: Equatable, Sendable {
        package var changed: [JobID] = []
        /// Jobs that were as asked for already.
        package var unchanged: [JobID] = []
        /// Jobs that couldn't be changed, and why.
        package var refused: [Refused] = []

        package struct Refused: Equatable, Sendable {
            package let id: JobID
            package let reason: String
        }
    }

    /// What an operator does to a job.
    package enum Change: Equatable, Sendable {
        case retry(note: String?)
        case cancel(note: String?)
        case unlock(note: String?)

        fileprivate func command(by person: String) -> Job.Command {
            switch self {
            case .retry(let note): .requestRetry(by: person, note: note)
            case .cancel(let note): .cancel(by: person, note: note, reason: .requested)
            case .unlock(let note): .unlock(by: person, note: note)
            }
        }
    }

    /// Changes jobs, and settles what follows: a cancelled job's children are skipped, and theirs.
    package func change(_ ids: [JobID], _ change: Change, by person: String) async throws -> Changed {
        var outcome = Changed()
        let command = change.command(by: person)
        var rest = ids[...]
        while !rest.isEmpty {
            let batch = rest.prefix(2_048)
            rest = rest.dropFirst(batch.count)
            let results = await jobs.handle(
                batch.map { id in BatchCommand(id.rawValue, job: id.rawValue) { _ in command } })
            for (id, result) in zip(batch, results) {
                switch result {
                case .success(let handled) where handled.events.isEmpty:
                    outcome.unchanged.append(id)
                case .success: outcome.changed.append(id)
                case .failure(.refused(.needsKey)): try await retryWithKey(id, change, by: person, &outcome)
                case .failure(.refused(let refusal)):
                    outcome.refused.append(.init(id: id, reason: refusal.inWords))
                case .failure(let error): throw error
                }
            }
        }
        try await QueueSettler(jobs, log: store.log, effects: effects, views: store.views).settle()
        return outcome
    }

    /// A job with a unique key is done again only if no other has the key.
    private func retryWithKey(
        _ id: JobID, _ change: Change, by person: String, _ outcome: inout Changed
    ) async throws {
        guard case .retry(let note) = change else { return }
        switch try await UniqueKeys(log: store.log, effects: effects).retry(id, by: person, note: note) {
        case .begun: outcome.changed.append(id)
        case .held(let holder):
            outcome.refused.append(.init(id: id, reason: "job \(holder) has its unique key"))
        case .refused(let refusal): outcome.refused.append(.init(id: id, reason: refusal.inWords))
        case .contended: outcome.refused.append(.init(id: id, reason: "others keep taking its unique key"))
        case .known, .answered, nil: break
        }
    }

    /// Pauses a queue; false if it was paused already.
    package func pause(_ queue: String, note: String?, by person: String) async throws -> Bool {
        try await !queues.handle(queue, .pause(by: person, note: note)).events.isEmpty
    }

    /// Resumes a queue; false if it wasn't paused.
    package func resume(_ queue: String, note: String?, by person: String) async throws -> Bool {
        try await !queues.handle(queue, .resume(by: person, note: note)).events.isEmpty
    }

    /// Has the workers that live begin jobs of a kind again which they begin no more since it crashed; which did.
    package func resumeKind(_ kind: String, note: String?, by person: String) async throws -> [WorkerID] {
        let workers = CommandHandler<Worker>(log: store.log, effects: effects, worker: nil)
        var resumed: [WorkerID] = []
        for (id, _) in try store.askQueues({ try $0.startedWorkers() })
        where !WorkerLock.isGone(id, in: store.workersDirectory) {
            do throws(CommandError<Worker.Refusal>) {
                let handled = try await workers.handle(id.rawValue, .resumeKind(kind, by: person, note: note))
                if !handled.events.isEmpty { resumed.append(id) }
            } catch {
                // One that stops meanwhile needs no resuming.
                guard case .refused = error else { throw error }
            }
        }
        return resumed
    }

    /// Sets how many jobs of a queue run at once, and whether it refuses new ones; false if that is so already.
    package func configure(
        _ queue: String, concurrency: Int?, draining: Bool, by person: String
    ) async throws -> Bool {
        try await !queues.handle(queue, .configure(concurrency: concurrency, draining: draining, by: person))
            .events.isEmpty
    }

    /// What is set for a queue now.
    package func control(of queue: String) throws -> QueueControl.State { try queues.load(queue).state }
}

extension Job.Refusal {
    /// For people.
    package var inWords: String {
        switch self {
        case .unknownJob: "there is no such job"
        case .submittedDifferently: "it was submitted with other content"
        case .notReady: "its retry isn't decided yet"
        case .notDue(let time): "it isn't due before \(time)"
        case .leasedElsewhere(let lease): "worker \(lease.worker) has it until \(lease.deadline)"
        case .leaseLost: "its lease is over"
        case .leaseHolds(let until): "its lease holds until \(until)"
        case .alreadyFinished: "it has ended"
        case .nothingToRetry: "it hasn't failed, been cancelled or been skipped"
        case .notRunning: "no worker has it"
        case .belongsToRun: "it belongs to an experiment's run, which is stopped as a whole"
        case .pastDeadline(let time): "its deadline was \(time)"
        case .malformedAnswer: "the answer can't be recorded as it is"
        case .beforeDeadline: "its deadline is still to come"
        case .standsFor(let other): "job \(other) was given in its place"
        case .keyLost: "others took its unique key meanwhile"
        case .needsKey: "its unique key must be taken first"
        case .isUnderWay: "it is under way"
        case .hasBegun: "it has been begun"
        }
    }
}
