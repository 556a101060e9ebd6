import CanonicalJSON
import Deciders
import Determinism
import EventLog
import HTTPTransport
import Jobs
import Providers
import TestSupport
import Testing

@testable import Calls

/// A store on disk with one job in it that a worker has, and what that worker needs to ask a model.
final class Desk: Sendable {
    let directory: TemporaryDirectory
    let log: LMDBLog
    let clock = VirtualClock(Sample.at(0))
    let lease: LeasePolicy

    init(lease: LeasePolicy = LeasePolicy(length: .hours(1))) throws {
        directory = try TemporaryDirectory("calls")
        log = try LMDBLog.open(at: directory.path("store"), LMDBLog.Options(durability: .noSync))
        self.lease = lease
    }

    deinit { log.close() }

    /// A clock that moves one microsecond at each question, and by pauses.
    var effects: Effects {
        Effects(
            time: { [clock] _ in
                clock.advance(by: Microseconds(1))
                return clock.time
            },
            pause: { [clock] length in
                try Task.checkCancellation()
                clock.advance(by: length)
            })
    }

    func executor(_ transport: any Transport, worker: WorkerID = Sample.a) -> CallExecutor {
        CallExecutor(
            run: Sample.run, worker: worker, log: log, effects: effects, transport: transport,
            keys: { $0 == "SECRET_KEY" ? APIKey("sk-very-secret") : nil })
    }

    /// Leases the job, as the pool does; an earlier worker's lease is taken away first.
    func lease(to worker: WorkerID = Sample.a, after dead: WorkerID? = nil) async throws -> RunningJob {
        let jobs = CommandHandler<Job>(log: log, effects: effects, worker: worker.rawValue)
        let submission = JobSubmitted(
            after: [], kind: "probe", labels: [:], lane: "simulated", maxAttempts: 3, ordinal: 0, run: Sample.run)
        try await jobs.handle(Sample.job.rawValue, .submit(submission))
        if let dead {
            let policy = lease
            try await jobs.handle(Sample.job.rawValue) {
                .expire(from: dead, at: $0, reason: .workerGone, policy: policy)
            }
        }
        let length = lease.length
        let leased = try await jobs.handle(Sample.job.rawValue) { .lease(to: worker, at: $0, for: length) }
        let held = HeldLease(of: Sample.job, by: worker, policy: lease, jobs: jobs, loaded: leased.loaded)
        return RunningJob(id: Sample.job, attempt: 1, submission: submission, worker: worker, lease: held)
    }

    func question(
        _ text: String = "How many?", turn: Int = 0, attempts: Int = 4, price: ModelPrice? = Sample.price,
        rule: CallPolicy.Rule = .everyFailureCounts
    ) -> Question {
        Question(
            id: CallID(job: Sample.job, purpose: .probe, turn: turn), purpose: .probe, turn: turn,
            provider: "simulated",
            adapter: OpenAIChat.self, endpoint: Endpoint(baseURL: "http://simulated/v1"), keyVariable: "SECRET_KEY",
            chat: ChatRequest(model: "m", messages: [ChatMessage(role: .user, content: text)]),
            terms: CallTerms(policy: CallPolicy(retry: RetryPolicy(attempts: attempts), rule: rule), price: price))
    }

    /// The types of a call's events, without their common first part.
    func history(turn: Int = 0) throws -> [String] {
        try events(turn: turn).map { String($0.type.text.dropFirst("llm.".count)) }
    }

    func events(turn: Int = 0) throws -> [Event] {
        let id = CallID(job: Sample.job, purpose: .probe, turn: turn)
        return try log.readStream(StreamName(category: "call", id: id.rawValue))
    }

    /// Derives every derived event of the log again, and says which differ from the record.
    func divergences() throws -> [String] {
        let catalogue = CallDerivations.catalogue().merging(JobDerivations.catalogue)
        var found: [String] = []
        for event in try log.read(.forward, from: nil, matching: .all, limit: 10_000).events {
            guard let cause = try event.metadata().cause, let function = cause.function else {
                if catalogue.derivedTypes.contains(event.type), event.stream.category == "call" {
                    found.append("\(event.type) has no cause")
                }
                continue
            }
            let derivation = try #require(catalogue[function])
            let causes = try cause.positions.map { try #require(try log.event(at: $0)) }
            let input = DerivationInput(recorded: event, causes: causes) { [log] digest throws(DerivationError) in
                guard let bytes = try? log.blob(digest) else { throw .missingBlob(digest) }
                return bytes
            }
            if try derivation.derive(input) != event.dataBytes { found.append("\(event.type) at \(event.position)") }
        }
        return found
    }
}
