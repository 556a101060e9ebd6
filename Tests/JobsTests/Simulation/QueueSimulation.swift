import DeciderTestSupport
import Deciders
import Determinism
import EventLog

@testable import Jobs

/// Processes, a log and a clock that a seeded generator drives, with everything going wrong that can.
///
/// Between any two steps others may act: a look is old when the claim that follows from it is appended. Processes die
/// before and after appends, stand still for longer than a lease, have clocks that jump, and hear of things twice.
struct QueueSimulation {
    private enum Step {
        case wake(Int)
        case round(Int)
        case claim(Int, [ListedJob])
        case record(Int, [JobID])
        case renew(Int, [JobID])
        case settle(Int, QueueArrears)
        case handlerEnds(Int, JobID, token: Int)
        case interfere
    }

    private static let queue = "q"
    let policy = LeasePolicy(length: .seconds(20))
    private let seed: UInt64
    private let limit: Int?
    var random: SeededGenerator
    /// Draws what others propose that is illegal, and nothing else, so that a proposal changes no history.
    var heckler: SeededGenerator
    /// Whose calls the jobs make; nil for nobody's.
    let provider: ProviderID?
    var clock = Timestamp(microseconds: 1_000_000_000_000)
    var store = SimulatedStore()
    private var processes: [SimulatedProcess] = []
    private var agenda: [(time: Timestamp, order: Int, step: Step)] = []
    private var order = 0
    var faults = true
    var jobs: [JobID] = []

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        heckler = SeededGenerator(seedingFrom: ["heckler", "\(seed)"])
        limit = random.uniform(below: 3) == 0 ? Int(random.uniform(below: 3)) + 1 : nil
        provider = random.uniform(below: 2) == 0 ? ProviderID(wellFormed: "openai") : nil
        store.provider = provider
    }

    /// The records of the log.
    var history: [[UInt8]] { store.log.events.map { Array($0.record) } }

    /// Runs it to its end; throws the rule that was broken.
    mutating func run() throws {
        do {
            try begin()
            var steps = 0
            while let next = takeNext() {
                steps += 1
                // Some virtual hours of trouble, then peace until everything has ended.
                if steps == 400 { pacify() }
                if steps > 20_000 { throw SimulatedStore.Violation(description: "it never ends") }
                clock = max(clock, next.time)
                try perform(next.step)
                try checkLimit()
                try heckle()
                if !faults, try store.tables().counts().unfinished == 0 { break }
            }
            try store.checkEnd()
        } catch {
            throw SimulatedStore.Violation(description: "seed \(seed): \(error)")
        }
    }
}

// MARK: - The world

extension QueueSimulation {
    private mutating func begin() throws {
        let plan = try SubmissionPlan(requests(), submitID: "simulation \(seed)")
        jobs = plan.jobs.map(\.id)
        if let limit {
            try store.control(
                .configured(QueueConfigured(by: "operator", concurrency: limit)), of: Self.queue, at: clock)
        }
        try store.submit(plan, at: clock)
        for _ in 0..<(1 + draw(3)) { start() }
        for _ in 0..<12 { schedule(.interfere, within: .seconds(120)) }
    }

    /// A random flow: edges go from later jobs to earlier ones.
    private mutating func requests() -> [JobRequest] {
        (0..<(3 + draw(12))).map { index in
            var request = JobRequest(kind: "work", queue: Self.queue, name: "\(index)", priority: draw(3) - 1)
            for _ in 0..<(index == 0 ? 0 : draw(3)) {
                let parent = "\(draw(index))"
                if request.after.contains(where: { $0.reference == .name(parent) }) { continue }
                request.after.append(.init(.name(parent), onFailure: pick([.fail, .fail, .continue, .skip])))
            }
            request.join = request.after.isEmpty ? .allSuccess : pick([.allSuccess, .allSuccess, .allDone, .anyFailed])
            request.retry = RetryPolicy(attempts: 1 + draw(3), base: .seconds(1), cap: .seconds(30))
            if draw(6) == 0 { request.notBefore = clock + .seconds(Int64(draw(90))) }
            if draw(10) == 0 { request.deadline = clock + .seconds(Int64(100 + draw(200))) }
            return request
        }
    }

    private mutating func start() {
        let id = WorkerID(identifying: ["simulated", "\(seed)", "\(processes.count)"])
        // Some have places of their own for the one kind.
        let kinds = draw(2) == 0 ? [:] : ["work": KindPools.Limits(most: 1 + draw(4))]
        processes.append(SimulatedProcess(id, slots: 1 + draw(4), lease: policy, kinds: kinds))
        let index = processes.count - 1
        schedule(.wake(index), within: .seconds(1))
        schedule(.round(index), within: .milliseconds(500))
    }

    private mutating func pacify() {
        faults = false
        for index in processes.indices { processes[index].stalledUntil = nil }
        if !processes.contains(where: \.isAlive) { start() }
    }

    /// The true time as a process sees it.
    private func time(of index: Int) -> Timestamp { clock + processes[index].offset }

    mutating func draw(_ bound: Int) -> Int { Int(random.uniform(below: UInt64(bound))) }
    mutating func pick<Value>(_ values: [Value]) -> Value { values[draw(values.count)] }
    mutating func happens(oneIn count: Int) -> Bool { faults && draw(count) == 0 }

    private mutating func schedule(_ step: Step, within span: Microseconds) {
        order += 1
        let delay = Microseconds(Int64(random.uniform(below: UInt64(span.count) + 1)))
        agenda.append((clock + delay, order, step))
    }

    private mutating func takeNext() -> (time: Timestamp, step: Step)? {
        guard
            let index = agenda.indices.min(by: {
                (agenda[$0].time, agenda[$0].order) < (agenda[$1].time, agenda[$1].order)
            })
        else { return nil }
        let next = agenda.remove(at: index)
        return (next.time, next.step)
    }

    private mutating func kill(_ index: Int) {
        processes[index].isAlive = false
        if processes.count < 12 { start() }
    }

    /// Never more handlers at work than the queue's limit allows, by leases that hold.
    private func checkLimit() throws {
        guard let limit else { return }
        var working = 0
        for process in processes where process.isAlive {
            for id in process.machine.working {
                guard case .known(let job) = store.loaded(id).state, case .leased(let lease) = job.stage else {
                    continue
                }
                if lease.worker == process.id { working += 1 }
            }
        }
        if working > limit { throw SimulatedStore.Violation(description: "\(working) at work where \(limit) may be") }
    }
}

// MARK: - Steps

extension QueueSimulation {
    private mutating func perform(_ step: Step) throws {
        switch step {
        case .interfere: try interfere()
        case .wake(let index), .round(let index), .claim(let index, _), .record(let index, _), .renew(let index, _),
            .settle(let index, _), .handlerEnds(let index, _, _):
            guard processes[index].isAlive else { return }
            if let until = processes[index].stalledUntil, until > clock {
                order += 1
                return agenda.append((until, order, step))
            }
            try perform(step, of: index)
        }
    }

    private mutating func perform(_ step: Step, of index: Int) throws {
        switch step {
        case .interfere: break
        case .wake: try look(index)
        case .round:
            processes[index].isRound = true
            processes[index].machine.grew()
            try look(index)
            schedule(.round(index), within: .seconds(1))
        case .claim(_, let jobs): try append(by: index) { try $0.claim(jobs, by: index) }
        case .record(_, let ids): try append(by: index) { try $0.record(ids, by: index) }
        case .renew(_, let ids): try append(by: index) { try $0.renew(ids, by: index) }
        case .settle(_, let arrears): try append(by: index) { try $0.settle(arrears, by: index) }
        case .handlerEnds(_, let id, let token): end(id, token, by: index)
        }
    }

    /// An append, which the process may not live to make, or to hear of.
    private mutating func append(by index: Int, _ body: (inout QueueSimulation) throws -> Void) throws {
        if happens(oneIn: 60) { return kill(index) }
        try body(&self)
        if happens(oneIn: 60) { return kill(index) }
        if happens(oneIn: 40) { processes[index].stalledUntil = clock + .seconds(Int64(draw(60))) }
        if happens(oneIn: 40) { processes[index].offset = .seconds(Int64(draw(80) - 40)) }
        schedule(.wake(index), within: .milliseconds(20))
    }

    private mutating func look(_ index: Int) throws {
        let process = processes[index]
        if process.machine.needsLook || process.isRound {
            let gone = Set(processes.filter { !$0.isAlive }.map(\.id))
            let viewer = QueueSight.Viewer(
                worker: process.id, serves: { _ in true }, knows: { _ in true }, isGone: { gone.contains($0) })
            let sight = try QueueSight(
                store.tables(), by: viewer, with: process.machine, at: time(of: index), isRound: process.isRound)
            processes[index].rows = process.rows.filter { process.machine.phase(of: $0.key) == .claiming }
                .merging(sight.rows) { _, new in new }
            processes[index].limited = sight.limited
            if process.isRound { processes[index].machine.tick(time(of: index)) }
            processes[index].isRound = false
            processes[index].machine.looked(sight.look, workers: sight.workers)
            if !process.isSettling, !sight.arrears.isEmpty {
                processes[index].isSettling = true
                schedule(.settle(index, sight.arrears), within: .milliseconds(50))
            }
        }
        act(index)
    }

    private mutating func act(_ index: Int) {
        while true {
            let actions = processes[index].machine.next()
            if actions.isEmpty { return }
            for action in actions { begin(action, by: index) }
        }
    }

    private mutating func begin(_ action: QueueMachine.Action, by index: Int) {
        switch action {
        case .claim(let candidates):
            let jobs = candidates.compactMap { candidate in
                processes[index].rows[candidate.id].map { ListedJob(id: candidate.id, row: $0) }
            }
            schedule(.claim(index, jobs), within: .milliseconds(50))
        case .record(let ids): schedule(.record(index, ids), within: .milliseconds(50))
        case .renew(let ids): schedule(.renew(index, ids), within: .milliseconds(50))
        case .tellPause:
            // What an operator does who sees it: a new process.
            processes[index].isAlive = false
            start()
        case .start(let id):
            guard let token = processes[index].held[id]?.token else { return }
            schedule(.handlerEnds(index, id, token: token), within: happens(oneIn: 6) ? .seconds(90) : .seconds(3))
        case .stop(let ids):
            for id in ids {
                processes[index].answers[id] = .interrupted
                guard let token = processes[index].held[id]?.token else { continue }
                schedule(.handlerEnds(index, id, token: token), within: .milliseconds(10))
            }
        }
    }

    private mutating func end(_ id: JobID, _ token: Int, by index: Int) {
        guard processes[index].held[id]?.token == token else { return }
        if processes[index].answers[id] == nil { processes[index].answers[id] = answer() }
        processes[index].machine.passed(time(of: index))
        processes[index].machine.ended(id, processes[index].answers[id]?.ending ?? .undone)
        if happens(oneIn: 20) { schedule(.handlerEnds(index, id, token: token), within: .seconds(5)) }
        schedule(.wake(index), within: .milliseconds(10))
    }
}

// MARK: - Appends

extension QueueSimulation {
    private mutating func claim(_ jobs: [ListedJob], by index: Int) throws {
        let (worker, length) = (processes[index].id, policy.length)
        var leased: [(id: JobID, deadline: Timestamp)] = []
        var lost: [JobID] = []
        for job in jobs {
            let loaded = job.row.loaded(try submission(of: job))
            let handled = try store.handle(job.id, from: loaded, by: worker, at: time(of: index)) {
                .lease(to: worker, at: $0, for: length)
            }
            guard let handled, case .known(let progress) = handled.state, case .leased(let lease) = progress.stage,
                lease.worker == worker, let position = handled.lastPosition
            else {
                lost.append(job.id)
                continue
            }
            order += 1
            processes[index].held[job.id] = SimulatedProcess.Holding(
                loaded: handled, submission: progress.submission, attempt: lease.attempt, lease: position, token: order)
            processes[index].answers[job.id] = nil
            leased.append((job.id, lease.deadline))
        }
        processes[index].machine.passed(time(of: index))
        let limited = processes[index].limited.contains(Self.queue) ? Set(leased.map(\.id)) : []
        processes[index].machine.claimed(leased, lost: lost, limited: limited)
    }

    private func submission(of job: ListedJob) throws -> JobSubmitted {
        guard let event = try store.log.event(at: job.row.position) else {
            throw SimulatedStore.Violation(description: "\(job.id): its row names no submission")
        }
        return try event.decode(JobSubmitted.self)
    }

    private mutating func record(_ ids: [JobID], by index: Int) throws {
        let worker = processes[index].id
        for id in ids {
            guard let job = processes[index].held[id] else { continue }
            let answer = processes[index].answers[id] ?? .interrupted
            let handled = try store.handle(id, from: job.loaded, by: worker, at: time(of: index)) {
                answer.command(by: worker, at: $0, policy: policy, provider: provider)
            }
            guard let handled else {
                _ = try store.handle(
                    id, from: nil,
                    cause: Cause(function: JobDerivations.leaseExpiry, positions: [job.lease]),
                    of: JobLeaseExpired.type, by: worker, at: time(of: index)
                ) {
                    .expire(
                        from: worker, at: $0, reason: .deadline, policy: policy, deadline: job.loaded.leaseDeadline)
                }
                if let late = answer.late(attempt: job.attempt, by: worker) {
                    _ = try store.handle(id, from: nil, by: worker, at: time(of: index)) { _ in .recordLate(late) }
                }
                continue
            }
            // The process may die between a failure and the decision about its retry.
            if case .known(let progress) = handled.state, case .undecided = progress.stage,
                let failure = handled.lastPosition, !happens(oneIn: 4)
            {
                var allowed: RetryBudgetPast.Allowed?
                if let provider {
                    let failure = RetryBudgetPast.Failure(id, attempt: progress.attempt, at: failure)
                    allowed = try store.allow(
                        [failure], of: provider, calls: 1, by: worker, at: time(of: index)
                    ).first
                    // It may die here too.
                    if happens(oneIn: 4) { continue }
                }
                let decision = RetryDecision(progress, id, failedAt: failure, allowed: allowed)
                _ = try store.handle(
                    id, from: handled, blobs: decision.blobs, cause: decision.cause, by: worker, at: time(of: index)
                ) { decision.command(at: $0) }
            }
        }
        for id in ids {
            processes[index].held[id] = nil
            processes[index].answers[id] = nil
        }
        processes[index].machine.recorded(ids)
    }

    private mutating func renew(_ ids: [JobID], by index: Int) throws {
        let (worker, length) = (processes[index].id, policy.length)
        var renewed: [(id: JobID, deadline: Timestamp)] = []
        var lost: [JobID] = []
        for id in ids {
            guard let job = processes[index].held[id] else { continue }
            let handled = try store.handle(id, from: job.loaded, by: worker, at: time(of: index)) {
                .renew(by: worker, at: $0, for: length)
            }
            if let handled, case .known(let progress) = handled.state, case .leased(let lease) = progress.stage {
                processes[index].held[id]?.loaded = handled
                if let position = handled.lastPosition { processes[index].held[id]?.lease = position }
                renewed.append((id, lease.deadline))
            } else {
                lost.append(id)
            }
        }
        processes[index].machine.renewed(renewed, lost: lost)
    }

    private mutating func settle(_ arrears: QueueArrears, by index: Int) throws {
        var allowed: [JobID: RetryBudgetPast.Allowed] = [:]
        let budgeted = try arrears.budgeted { try store.log.event(at: $0)?.decode(if: JobFailed.self) }
        for (provider, failures) in budgeted.sorted(by: { $0.key < $1.key }) {
            let found = try store.allow(
                failures, of: provider, calls: 0, by: processes[index].id, at: time(of: index))
            for next in found { allowed[next.retry.job] = next }
        }
        let settlements = try arrears.settlements(by: policy, allowed: allowed) {
            $0.row.loaded(try submission(of: $0))
        }
        for settlement in settlements {
            _ = try store.handle(
                settlement.id, from: settlement.loaded, blobs: settlement.blobs, cause: settlement.cause,
                of: settlement.type, by: processes[index].id, at: time(of: index), settlement.command)
        }
        processes[index].isSettling = false
        processes[index].machine.grew()
    }
}
