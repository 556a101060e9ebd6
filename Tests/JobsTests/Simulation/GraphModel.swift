import CanonicalJSON
import Deciders
import Determinism
import EventLog

@testable import Jobs

/// Random flows that one worker does, one step after the other, while operators cancel, retry and drop what they like.
///
/// Deciders, read model and settlements are those of the product; there are no processes, so that thousands of graphs
/// can be tried.
struct GraphModel {
    private static let queue = "q"
    private static let worker = WorkerID(identifying: ["model"])
    private static let policy = LeasePolicy(length: .seconds(60))

    private let seed: UInt64
    private var random: SeededGenerator
    private var clock = Timestamp(microseconds: 1_000_000_000_000)
    private var store = SimulatedStore()
    private var jobs: [JobID] = []
    private var parents: [JobID: [JobID]] = [:]
    /// How many flows were submitted; the second names jobs of the first.
    private var flows = 0
    /// Of so many attempts one fails.
    private let failures: Int

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        failures = 2 + Int(random.uniform(below: 5))
    }

    /// Works the flows off, and throws the rule that was broken.
    ///
    /// `isThorough`: the whole log is also derived anew.
    mutating func run(isThorough: Bool) throws {
        do {
            try submit()
            try work()
            try store.checkEnds()
            if isThorough { try store.checkDerived() }
            try checkRoots()
        } catch {
            throw SimulatedStore.Violation(description: "seed \(seed): \(error)")
        }
    }

    private mutating func draw(_ bound: Int) -> Int { Int(random.uniform(below: UInt64(bound))) }
    private mutating func pick<Value>(_ values: [Value]) -> Value { values[draw(values.count)] }
}

// MARK: - The flow

extension GraphModel {
    private mutating func submit() throws {
        let plan = try SubmissionPlan(requests(), submitID: "model \(seed) \(flows)")
        flows += 1
        jobs += plan.jobs.map(\.id)
        for item in plan.jobs { parents[item.id] = (item.job.terms?.parents ?? []).flatMap { Array($0.jobs) } }
        try store.submit(plan, at: clock)
    }

    /// Edges go from later jobs to earlier ones, sparse or dense, near or far.
    private mutating func requests() -> [JobRequest] {
        let earlier = jobs
        let (most, reach) = (1 + draw(4), 1 + draw(12))
        return (0..<(2 + draw(14))).map { index in
            var request = JobRequest(kind: "work", queue: Self.queue, name: "\(index)", priority: draw(3))
            for _ in 0..<(index == 0 ? 0 : draw(most + 1)) {
                let parent = "\(max(index - 1 - draw(reach), 0))"
                if request.after.contains(where: { $0.reference == .name(parent) }) { continue }
                request.after.append(.init(.name(parent), onFailure: pick([.fail, .fail, .continue, .skip])))
            }
            if !earlier.isEmpty, draw(2) == 0 {
                request.after.append(.init(.id(pick(earlier)), onFailure: pick([.fail, .continue, .skip])))
            }
            request.join = request.after.isEmpty ? .allSuccess : pick([.allSuccess, .allSuccess, .allDone, .anyFailed])
            request.retry = RetryPolicy(attempts: 1 + draw(3), base: .seconds(1), cap: .seconds(30))
            if draw(8) == 0 { request.notBefore = clock + .seconds(Int64(draw(90))) }
            if draw(12) == 0 { request.deadline = clock + .seconds(Int64(100 + draw(200))) }
            return request
        }
    }
}

// MARK: - Working

extension GraphModel {
    private mutating func work() throws {
        var interferences = draw(6)
        for _ in 0..<2_000 {
            clock = clock + .milliseconds(10)
            let tables = try store.tables()
            if try settle(tables) { continue }
            var open = try tables.due(in: Self.queue, at: clock, limit: 8)
            open += try tables.ready(in: Self.queue, limit: 8)
            if interferences > 0, open.isEmpty || draw(4) == 0 {
                interferences -= 1
                try interfere()
            } else if !open.isEmpty {
                for job in open.prefix(1 + draw(open.count)) { try attempt(job.id) }
            } else if let next = try [
                tables.nextBeginning(after: clock, in: [Self.queue]), tables.nextDeadline(after: clock),
            ].compactMap(\.self).min() {
                clock = next
            } else {
                return
            }
        }
        throw SimulatedStore.Violation(description: "it never ends")
    }

    /// Writes what follows from what is recorded; false if nothing does.
    private mutating func settle(_ tables: JobQueue.Tables) throws -> Bool {
        var arrears = QueueArrears()
        arrears.undecided = try tables.unsettled(limit: 1 + draw(20))
        arrears.pastDeadline = try tables.pastDeadline(at: clock, limit: 20)
        let settlements = try arrears.settlements(by: Self.policy) { store.loaded($0.id) }
        for settlement in settlements {
            _ = try store.handle(
                settlement.id, from: settlement.loaded, blobs: settlement.blobs, cause: settlement.cause,
                of: settlement.type, by: Self.worker, at: clock, settlement.command)
        }
        return !settlements.isEmpty
    }

    private mutating func attempt(_ id: JobID) throws {
        let policy = Self.policy
        _ = try store.handle(id, from: nil, by: Self.worker, at: clock) {
            .lease(to: Self.worker, at: $0, for: policy.length)
        }
        if draw(20) == 0 { try order(.cancel(by: "operator", note: nil, reason: .requested), id) }
        let answer = answer()
        _ = try store.handle(id, from: nil, by: Self.worker, at: clock) {
            answer.command(by: Self.worker, at: $0, policy: policy)
        }
    }

    private mutating func answer() -> QueueResult {
        guard draw(failures) == 0 else { return .completed([:]) }
        return switch draw(6) {
        case 0: .failed(class: "wrong", message: "never", retryable: false)
        case 1: .crashed(message: "signal 9")
        case 2: .deferred(for: .seconds(Int64(1 + draw(20))), reason: "busy")
        case 3: .interrupted
        default: .failed(class: "broken", message: "no", retryable: true)
        }
    }

    private mutating func interfere() throws {
        if flows == 1, draw(4) == 0 { return try submit() }
        if draw(4) == 0 { return try store.prune(jobs.filter { _ in draw(2) == 0 }, at: clock) }
        let id = pick(jobs)
        // Commands find a job by its row, and a dropped one has none.
        guard try store.tables().job(id) != nil else { return }
        try order(
            draw(3) == 0 ? .cancel(by: "operator", note: nil, reason: .requested) : .requestRetry(by: "operator"), id)
    }

    private mutating func order(_ command: Job.Command, _ id: JobID) throws {
        _ = try store.handle(id, from: nil, by: nil, at: clock) { _ in command }
    }
}

// MARK: - Rules

extension GraphModel {
    /// Whoever was skipped names an ancestor.
    private func checkRoots() throws {
        for id in jobs {
            guard case .known(let job) = store.loaded(id).state, case .skipped(let skipped) = job.stage else {
                continue
            }
            var ancestors: Set<JobID> = []
            var rest = parents[id] ?? []
            while let next = rest.popLast() {
                if ancestors.insert(next).inserted { rest += parents[next] ?? [] }
            }
            guard ancestors.contains(skipped.rootCause) else {
                throw SimulatedStore.Violation(
                    description: "\(id): skipped because of \(skipped.rootCause), for which it never waited")
            }
        }
    }
}
