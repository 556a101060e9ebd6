import Deciders
import Determinism
import EventLog
import Logging
import Projections

/// The loop of one worker: what happened goes to the machine, what it says is begun.
struct QueueLoop {
    private let worker: QueueWorker
    private let mailbox: Mailbox<QueueMessage>
    private let steps: QueueSteps
    private var machine: QueueMachine
    private var held: [JobID: HeldJob] = [:]
    private var answers: [JobID: QueueResult] = [:]
    /// The rows of jobs that may be claimed, as of the last look.
    private var rows: [JobID: QueueRow] = [:]
    /// The queues with a limit, as of the last look.
    private var limited: Set<String> = []
    private var progress: [JobID: ProgressThrottle] = [:]
    private var reports: [(id: JobID, thousandths: Int, message: String?)] = []
    /// Retries that come late, whose budgets are to be asked again before they begin.
    private var overdue: [HeldJob] = []
    /// Late retries that may begin.
    private var permitted: [HeldJob] = []
    private var isSettling = false
    /// Whether it is time to look after leases.
    private var isRound = true
    /// Whether nothing was left at the last look.
    private var isEmpty = false
    /// Why nothing can happen though something is left, as of the last look.
    private var blocks: [String]?
    /// How it would end if it is to end when idle, as of the last look.
    private var idle: QueueWorker.Outcome?
    /// When the next job may be begun, where none may be before, as of the last look.
    private var next: Timestamp?
    /// Whether a program crashed since people were last told how the worker stands: its kind may not be begun for a while.
    private var hasCrashed = false
    /// Kinds whose pause is in the log, so that somebody can resume them.
    private var pausedKinds: Set<String> = []
    /// When the earliest job that waits for a time may be claimed, and the process is woken for it.
    private var alarm: Timestamp?
    /// What became of the attempts so far.
    private var tally = QueueTally()

    init(_ worker: QueueWorker, _ mailbox: Mailbox<QueueMessage>) {
        self.worker = worker
        self.mailbox = mailbox
        let configuration = worker.configuration
        steps = QueueSteps(
            jobs: worker.jobs, log: worker.log, effects: worker.effects, worker: configuration.worker,
            policy: configuration.lease, providers: worker.handlers.providers)
        machine = QueueMachine(
            QueueMachine.Settings(
                worker: configuration.worker, slots: configuration.slots, lease: configuration.lease,
                kinds: worker.handlers.limits(slots: configuration.slots), memoryBudget: configuration.memory))
    }

    /// Runs until nothing is left or everything was given back; `begin` starts what takes time.
    mutating func run(_ begin: (@escaping @Sendable () async -> Void) -> Void) async throws -> QueueWorker.Outcome {
        defer { worker.tell(status) }
        while true {
            if machine.needsLook || isRound { try await look(begin) }
            perform(begin)
            if machine.isOver, !isSettling { return .drained }
            if let outcome { return outcome }
            if machine.needsLook || isRound { continue }
            let messages = try await mailbox.take()
            machine.passed(worker.time.time())
            for message in messages { try take(message) }
            if hasCrashed { worker.tell(status) }
            hasCrashed = false
        }
    }

    /// How work has ended; nil while it goes on.
    private var outcome: QueueWorker.Outcome? {
        let configuration = worker.configuration
        guard configuration.endsWhenEmpty || configuration.endsWhenIdleFor != nil, machine.isIdle, !isSettling else {
            return nil
        }
        if isEmpty { return .finished }
        return blocks.map { .blocked($0) } ?? idle
    }

    /// What a provider's budget says of a late retry, which may have been stopped meanwhile.
    private mutating func take(_ deferral: QueueResult?, of id: JobID) {
        guard let job = held[id] else { return }
        if machine.phase(of: id) == .working, deferral == nil {
            permitted.append(job)
        } else {
            answers[id] = deferral ?? .interrupted
            machine.ended(id, .undone)
        }
    }

    private mutating func take(_ message: QueueMessage) throws {
        switch message {
        case .grown: machine.grew()
        case .due:
            alarm = nil
            machine.grew()
        case .round: isRound = true
        case .claimed(let leased, let lost):
            for job in leased { held[job.id] = job }
            let waiting = limited.isEmpty ? [] : leased.filter { limited.contains($0.submission.lane) }
            machine.claimed(leased.map { ($0.id, $0.deadline) }, lost: lost, limited: Set(waiting.map(\.id)))
            for id in lost { rows[id] = nil }
        case .ended(let id, let answer):
            answers[id] = answer
            machine.ended(id, answer.ending)
            if case .crashed = answer { hasCrashed = true }
        case .asked(let answered):
            for (id, deferral) in answered { take(deferral, of: id) }
        case .recorded(let ids, let taken):
            tally.took(taken)
            for id in ids {
                held[id] = nil
                answers[id] = nil
                progress[id] = nil
            }
            machine.recorded(ids)
        case .renewed(let jobs, let lost):
            for (job, _) in jobs where held[job.id] != nil {
                held[job.id]?.loaded = job.loaded
                held[job.id]?.lease = job.lease
            }
            machine.renewed(jobs.map { ($0.0.id, $0.1) }, lost: lost)
        case .reported(let id, let thousandths, let message):
            reports.append((id, thousandths, message))
        case .progressed(let id, let loaded): held[id]?.loaded = loaded
        case .settled:
            isSettling = false
            machine.grew()
        case .pauseTold(let kind): pausedKinds.insert(kind)
        case .drain: machine.drain()
        case .stop: machine.stopAll()
        case .failed(let error): throw error
        }
    }
}

// MARK: - Doing

extension QueueLoop {
    typealias Begin = (@escaping @Sendable () async -> Void) -> Void

    private mutating func perform(_ begin: Begin) {
        for (id, thousandths, message) in reports { report(id, thousandths, message, begin) }
        reports = []
        for job in permitted { run(job, begin) }
        permitted = []
        while true {
            let actions = machine.next()
            if actions.isEmpty { break }
            for action in actions { perform(action, begin) }
        }
        if !overdue.isEmpty { askAgain(begin) }
    }

    private mutating func perform(_ action: QueueMachine.Action, _ begin: Begin) {
        let (steps, mailbox) = (steps, mailbox)
        switch action {
        case .claim(let candidates):
            let jobs = candidates.compactMap { candidate in
                rows[candidate.id].map { ListedJob(id: candidate.id, row: $0) }
            }
            step(begin) { mailbox.post(try await steps.claim(jobs)) }
        case .start(let id): start(id, begin)
        case .stop(let ids): for id in ids { held[id]?.stopped.happen() }
        case .record(let ids):
            let batch = ids.compactMap { id in held[id].map { ($0, answers[id] ?? .interrupted) } }
            for (_, answer) in batch { tally.count(answer) }
            step(begin) {
                mailbox.post(.recorded(ids, taken: try await steps.record(batch)))
            }
        case .tellPause(let kind, let pause):
            worker.logger.error("jobs of kind \(kind) are begun here no more: \(pause.reason)")
            step(begin) {
                if try await steps.tellPause(of: kind, pause) { mailbox.post(.pauseTold(kind: kind)) }
            }
        case .renew(let ids):
            let jobs = ids.compactMap { held[$0] }
            step(begin) { mailbox.post(try await steps.renew(jobs)) }
        }
    }

    private mutating func start(_ id: JobID, _ begin: Begin) {
        guard let job = held[id] else { return }
        let isBudgeted = worker.handlers.providers[job.submission.kind] != nil
        if isBudgeted, let due = job.due, OverdueRetry.isLate(due, at: worker.time.time()) {
            overdue.append(job)
        } else {
            run(job, begin)
        }
    }

    private mutating func askAgain(_ begin: Begin) {
        let (steps, mailbox, jobs) = (steps, mailbox, overdue)
        overdue = []
        step(begin) { mailbox.post(try await steps.askAgain(jobs)) }
    }

    private mutating func run(_ job: HeldJob, _ begin: Begin) {
        let id = job.id
        let handler = worker.handlers[job.submission.kind]
        if let instant = handler as? any InstantHandler {
            answers[id] = instant.answer
            return machine.ended(id)
        }
        let (steps, mailbox) = (steps, mailbox)
        begin {
            let answer = await steps.run(job, handler) { mailbox.post(.reported(id, $0, $1)) }
            mailbox.post(.ended(id, answer))
        }
    }

    private mutating func report(_ id: JobID, _ thousandths: Int, _ message: String?, _ begin: Begin) {
        guard let job = held[id], machine.phase(of: id) == .working else { return }
        let isDue = progress[id, default: ProgressThrottle()].take(thousandths, message, at: worker.time.time())
        guard isDue else { return }
        let (steps, mailbox) = (steps, mailbox)
        step(begin) {
            if let loaded = try await steps.progress(job, thousandths, message) {
                mailbox.post(.progressed(id, loaded))
            }
        }
    }

    /// Begins something whose failure is that of the world around the jobs, and ends the loop.
    private func step(_ begin: Begin, _ body: @escaping @Sendable () async throws -> Void) {
        let mailbox = mailbox
        begin {
            do {
                try await body()
            } catch {
                if !Task.isCancelled { mailbox.post(.failed(error)) }
            }
        }
    }
}

// MARK: - Looking

extension QueueLoop {
    /// Reads what could be done.
    ///
    /// Messages are taken after the state to read is fixed: what it shows of this worker's steps, they have told by
    /// then.
    private mutating func look(_ begin: Begin) async throws {
        let isRound = isRound
        self.isRound = false
        if !pausedKinds.isEmpty { try resumeKinds() }
        var arrears = QueueArrears()
        try worker.views.query(JobQueue.self) { tables in
            for message in mailbox.takeAll() { try take(message) }
            let now = worker.time.time()
            let sight = try QueueSight(tables, by: worker.viewer, with: machine, at: now, isRound: isRound)
            rows = rows.filter { machine.phase(of: $0.key) == .claiming }
            rows.merge(sight.rows) { _, new in new }
            limited = sight.limited
            isEmpty = sight.isEmpty
            blocks = sight.blocks
            rest(sight, now)
            arrears = sight.arrears
            if isRound { machine.tick(now) }
            machine.looked(sight.look, workers: sight.workers)
            setAlarm(sight.nextTime, now, begin)
        }
        if !isSettling, !arrears.isEmpty { settle(arrears, begin) }
        if isRound { worker.tell(status) }
    }

    /// Begins jobs again of kinds that somebody resumed.
    private mutating func resumeKinds() throws {
        for kind in pausedKinds.subtracting(try steps.pausedKinds()).sorted() {
            pausedKinds.remove(kind)
            machine.resumed(kind)
            worker.logger.notice("jobs of kind \(kind) are begun here again")
        }
    }

    /// Notes how long nothing can be done.
    private mutating func rest(_ sight: QueueSight, _ now: Timestamp) {
        next = nil
        idle = nil
        guard sight.isResting else { return }
        next = sight.nextBeginning
        guard let horizon = worker.configuration.endsWhenIdleFor else { return }
        if let next, next <= now + horizon { return }
        idle = .idle(next: next, obstacles: sight.obstacles)
    }

    private mutating func settle(_ arrears: QueueArrears, _ begin: Begin) {
        isSettling = true
        isEmpty = false
        blocks = nil
        idle = nil
        let (steps, mailbox) = (steps, mailbox)
        step(begin) {
            try await steps.settle(arrears)
            mailbox.post(.settled)
        }
    }

    /// Wakes the loop when the next job's time has come.
    private mutating func setAlarm(_ next: Timestamp?, _ now: Timestamp, _ begin: Begin) {
        guard let next, next > now, alarm.map({ next < $0 }) ?? true else { return }
        alarm = next
        let (mailbox, effects) = (mailbox, worker.effects)
        begin {
            if (try? await effects.pause(next - now)) != nil { mailbox.post(.due) }
        }
    }
}

// MARK: - Telling

extension QueueLoop {
    /// How many of the jobs in hand are looked at for a status.
    private static let mostLookedAt = 256

    private var status: WorkerStatus {
        WorkerStatus(
            worker: worker.configuration.worker, time: worker.time.time(), slots: worker.configuration.slots,
            running: machine.running, kinds: worker.handlers.kinds, isDraining: machine.isDraining, next: next,
            tally: tally, jobs: longest, pools: machine.kinds.map(WorkerStatus.Pool.init))
    }

    /// Those that have run the longest, of as many as may be looked at.
    private var longest: [WorkerStatus.Running] {
        let working = held.values.lazy.filter { machine.phase(of: $0.id) == .working }.prefix(Self.mostLookedAt)
        let jobs = working.map { job in
            let latest = progress[job.id]?.latest
            return WorkerStatus.Running(
                attempt: job.attempt, job: job.id, kind: job.submission.kind, message: latest?.message,
                progress: latest?.thousandths, queue: job.submission.lane,
                since: job.deadline - worker.configuration.lease.length)
        }
        return Array(jobs.sorted { ($0.since, $0.job) < ($1.since, $1.job) }.prefix(WorkerStatus.mostJobs))
    }
}
