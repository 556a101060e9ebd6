import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Projections

@testable import Jobs

/// A submission to queues whose jobs do what the decider lets them, recorded as it would be.
struct JobQueueHistory {
    static let run = RunID(identifying: ["submission", "s1"])
    static let policy = LeasePolicy(length: .seconds(100))

    let log = MemoryLog()
    let view = MemoryView(JobQueue.self)
    /// The time of the next events.
    var now: Int64 = 0
    private(set) var states: [Int: Job.State] = [:]
    /// Jobs that were leased since they were submitted or asked for anew.
    private(set) var begun: Set<Int> = []
    /// The last event of each job that ended it.
    private(set) var ends: [Int: Event] = [:]
    private(set) var last: [Int: Event] = [:]

    static func id(_ number: Int) -> JobID { JobID(of: run, ordinal: number) }
    static func stream(_ number: Int) throws -> StreamName { try StreamName(category: "job", id: id(number).rawValue) }

    static func submission(
        _ number: Int, queue: String = "q", kind: String = "probe", labels: [String: String] = [:],
        maxAttempts: Int = 2, _ terms: QueueTerms = QueueTerms()
    ) -> JobSubmitted {
        JobSubmitted(
            kind: kind, labels: labels, lane: queue, maxAttempts: maxAttempts, ordinal: number, run: run, terms: terms)
    }

    var tables: JobQueue.Tables { view.tables }
    var numbers: [Int] { states.keys.sorted() }

    func progress(_ number: Int) -> Job.Progress? {
        guard case .known(let progress) = states[number] else { return nil }
        return progress
    }

    func row(_ number: Int) throws -> QueueRow? { try tables.job(Self.id(number)) }
    func state(_ number: Int) throws -> QueueState? { try row(number)?.state }

    mutating func accept(_ jobs: Int) throws {
        try record(
            SubmissionAccepted(by: "me", content: Digest(of: []), jobs: jobs, submitID: "s1"),
            in: StreamName(category: "submission", id: Self.run.rawValue))
    }

    mutating func submit(_ number: Int, queue: String = "q", _ terms: QueueTerms = QueueTerms()) throws {
        try handle(number, .submit(Self.submission(number, queue: queue, terms)))
    }

    mutating func lease(_ number: Int, to worker: WorkerID = Sample.a) throws {
        try handle(number, .lease(to: worker, at: Sample.at(now), for: .seconds(1_000_000)))
    }

    mutating func complete(_ number: Int) throws {
        try lease(number)
        try handle(number, .complete(by: Sample.a, at: Sample.at(now), result: [:]))
    }

    mutating func fail(_ number: Int, class kind: String = "broken", retryable: Bool = false) throws {
        try lease(number)
        try handle(
            number,
            .fail(by: Sample.a, at: Sample.at(now), class: kind, message: "no luck", retryable: retryable))
    }

    mutating func cancel(_ number: Int) throws {
        try handle(number, .cancel(by: "me", note: nil, reason: .requested))
    }

    mutating func retry(_ number: Int) throws { try handle(number, .requestRetry(by: "me")) }

    /// Records the skip that the tables ask for.
    mutating func skip(_ number: Int) throws {
        guard case .skip(let skipped, _) = try row(number)?.unsettled else { return }
        try handle(number, .skip(skipped))
    }

    /// Records what the decider makes of a command; false if it refuses or nothing follows.
    @discardableResult
    mutating func handle(_ number: Int, _ command: Job.Command) throws -> Bool {
        let events: [JobEvent]
        do throws(Job.Refusal) {
            events = try Job.decide(command, states[number] ?? .absent)
        } catch {
            return false
        }
        for event in events { try take(event, number) }
        return !events.isEmpty
    }

    private mutating func take(_ happened: JobEvent, _ number: Int) throws {
        let event = try record(happened.payload, in: Self.stream(number))
        states[number] = Job.evolve(states[number] ?? .absent, happened)
        last[number] = event
        if case .leased = happened { begun.insert(number) }
        if case .retryRequested = happened {
            begun.remove(number)
            ends[number] = nil
        }
        if ParentEnd(happened, of: Self.id(number)) != nil { ends[number] = event }
    }

    @discardableResult
    mutating func record(_ payload: any EventPayload, in stream: StreamName) throws -> Event? {
        let events = try log.record([payload], in: stream, at: Sample.at(now))
        try view.apply(events)
        return events.last
    }
}

extension JobQueueHistory {
    /// The verdict on a job as a look at all its parents' streams gives it.
    func verdict(_ number: Int) throws -> QueueVerdict {
        guard let terms = progress(number)?.submission.terms else { return .waits }
        let edges = terms.parents.flatMap { range in range.jobs.map { ($0, range.onFailure) } }
        let ends = try edges.map { (parent, onFailure) in (try end(of: parent), onFailure) }
        let isOver = ends.allSatisfy { $0.0 != nil }
        if edges.isEmpty || begun.contains(number) { return .goes }
        switch terms.join {
        case .allDone: return isOver ? .goes : .waits
        case .allSuccess:
            let isDoomed = ends.contains { end, onFailure in
                if case .failed = end { return onFailure != .continue }
                return false
            }
            return isDoomed ? .doomed : isOver ? .goes : .waits
        case .anyFailed:
            let hasFailure = ends.contains { end, _ in
                if case .failed = end { return true }
                return false
            }
            return hasFailure ? .goes : isOver ? .doomed : .waits
        }
    }

    /// How a job has ended, from its stream.
    func end(of id: JobID) throws -> ParentEnd? {
        guard let number = numbers.first(where: { Self.id($0) == id }), let event = ends[number],
            let happened = try JobEvent.read(event)
        else { return nil }
        return ParentEnd(happened, of: id)
    }

    /// The states that a job may be shown in: of a job with a time, whether that has come is said by its events.
    func expectedStates(_ number: Int) throws -> Set<QueueState> {
        guard let progress = progress(number) else { return [] }
        switch progress.stage {
        case .ready:
            guard try verdict(number) == .goes else { return [.waiting] }
            guard let notBefore = progress.submission.terms?.notBefore else { return [.ready] }
            return notBefore <= Sample.at(now) ? [.ready, .scheduled] : [.scheduled]
        case .undecided, .retrying: return [.retrying]
        case .deferred: return [.scheduled]
        case .leased: return [.running]
        case .completed: return [.completed]
        case .failed: return [.dead]
        case .cancelled: return [.cancelled]
        case .skipped: return [.skipped]
        }
    }

    /// In which of the places each job is found.
    func places() throws -> [JobID: [String]] {
        let tables = tables
        let found =
            try tables.waiting.scan().map { ($0.row, "waiting") } + tables.ready.scan().map { ($0.row, "ready") }
            + tables.timed.scan().map { ($0.row, "timed") } + tables.unsettled.scan().map { ($0.row, "unsettled") }
            + tables.running.scan().map { ($0.row, "running") } + tables.ended.scan().map { ($0.row, "ended") }
        return Dictionary(grouping: found, by: \.0).mapValues { $0.map(\.1) }
    }
}

extension QueuePlace {
    /// The name of its table.
    var table: String {
        switch self {
        case .waiting: "waiting"
        case .ready: "ready"
        case .timed: "timed"
        case .unsettled: "unsettled"
        case .running: "running"
        case .ended: "ended"
        }
    }
}
