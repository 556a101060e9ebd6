import CanonicalJSON
import Determinism
import EventLog
import Testing

@testable import Jobs

/// Ids and payloads that tests share.
enum Sample {
    static let run = RunID(wellFormed: "run1")
    static let a = WorkerID(wellFormed: "a")
    static let b = WorkerID(wellFormed: "b")
    static let key = UniqueKeyID(wellFormed: "k1")
    static let lease = LeasePolicy(length: .seconds(100))

    static func job(_ number: Int) -> JobID { JobID(wellFormed: "j\(number)") }

    static func submitted(
        _ ordinal: Int = 0, after: [JobID] = [], lane: String = "openai", maxAttempts: Int = 3, terms: QueueTerms? = nil
    ) -> JobSubmitted {
        JobSubmitted(
            after: after, kind: "probe", labels: ["model": "m", "scenario": "s\(ordinal)"], lane: lane,
            maxAttempts: maxAttempts, ordinal: ordinal, run: run, terms: terms)
    }

    static func leased(by worker: WorkerID = a, attempt: Int = 1, until seconds: Int64 = 100) -> JobEvent {
        .leased(JobLeased(attempt: attempt, deadline: at(seconds), worker: worker))
    }

    static func failed(attempt: Int = 1, final: Bool = false, by worker: WorkerID = a) -> JobEvent {
        .failed(
            JobFailed(
                attempt: attempt, class: "serverError", final: final, message: "HTTP 500", retryable: true,
                worker: worker))
    }

    static func at(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: seconds * 1_000_000) }

    static func stream(_ job: JobID) throws -> StreamName { try StreamName(category: "job", id: job.rawValue) }
}
