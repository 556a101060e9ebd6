import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog

@testable import Jobs

/// A job in every stage, and every command with what it does in each of them.
///
/// Worker `a` has the leased job until second 100; the commands are given at second 50 unless they say otherwise.
enum JobGrid {
    static let terms = QueueTerms(deadline: Sample.at(1_000))
    static let policy = Sample.lease

    static let stages = [
        "absent", "forestalled", "answered", "ready", "undecided", "retrying", "deferred", "leased", "completed",
        "failed", "cancelled", "overdue",
        "skipped",
    ]

    /// The events that bring a job into a stage; `overdue` is the one that its deadline cancelled.
    static func history(_ stage: String, terms: QueueTerms? = terms) -> [JobEvent] {
        let submitted = JobEvent.submitted(Sample.submitted(terms: terms))
        let leased = [submitted, Sample.leased()]
        return switch stage {
        case "absent": []
        case "forestalled": [keyLost(.taken)]
        case "answered": [keyLost(.existing)]
        case "ready": [submitted]
        case "undecided": leased + [Sample.failed()]
        case "retrying":
            leased + [
                Sample.failed(),
                .retryScheduled(JobRetryScheduled(attempt: 2, delay: .seconds(5), notBefore: Sample.at(40))),
            ]
        case "deferred":
            leased + [
                .deferred(JobDeferred(attempt: 1, notBefore: Sample.at(40), reason: "full", worker: Sample.a))
            ]
        case "leased": leased
        case "completed": leased + [.completed(JobCompleted(attempt: 1, result: [:], worker: Sample.a))]
        case "failed": leased + [Sample.failed(final: true)]
        case "cancelled": [submitted, .cancelled(JobCancelled(by: "me", reason: .requested))]
        case "overdue": [submitted, .cancelled(JobCancelled(by: "cairn", reason: .deadline))]
        case "skipped": [submitted, .skipped(JobSkipped(rootCause: Sample.job(9), rootClass: "auth"))]
        default: preconditionFailure("\(stage) is no stage")
        }
    }

    /// Of a leased job: it has failed twice, it has hung twice, or neither.
    static func leased(after losses: [JobEvent]) -> [JobEvent] {
        [.submitted(Sample.submitted(terms: terms))]
            + losses.flatMap { loss in [Sample.leased(), loss] } + [Sample.leased()]
    }

    static let hang = JobEvent.leaseExpired(
        JobLeaseExpired(attempt: 1, crashes: 1, deadline: Sample.at(100), reason: .deadline, worker: Sample.a))
    static let crash = JobEvent.crashed(JobCrashed(attempt: 1, crashes: 1, message: "signal 9", worker: Sample.a))

    static func keyLost(_ reason: JobKeyLost.Reason) -> JobEvent {
        .keyLost(JobKeyLost(holder: Sample.job(8), key: Sample.key, reason: reason))
    }

    /// The stage that a state is in.
    static func stage(of state: Job.State) -> String {
        switch state {
        case .absent: return "absent"
        case .forestalled(let forestalled): return forestalled.answer == nil ? "forestalled" : "answered"
        case .known(let job): return stage(of: job)
        }
    }

    private static func stage(of job: Job.Progress) -> String {
        switch job.stage {
        case .ready: "ready"
        case .undecided: "undecided"
        case .retrying: "retrying"
        case .deferred: "deferred"
        case .leased: "leased"
        case .completed: "completed"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .skipped: "skipped"
        }
    }

    /// Events without the common first part of their types.
    static func names(_ events: [JobEvent]) -> String {
        events.map { String(type(of: $0.payload).type.text.dropFirst("job.".count)) }.joined(separator: " + ")
    }

    /// What a command does after a history: the names of its events, `-` for none, or `!` and the refusal.
    static func outcome(of command: Job.Command, after history: [JobEvent]) -> String {
        switch decision(Job.self, given: history, when: command) {
        case .success(let events): events.isEmpty ? "-" : names(events)
        case .failure(let refusal): "!" + String("\(refusal)".prefix { $0 != "(" })
        }
    }

    /// One command; what it does by stage, several of which may stand before one outcome.
    struct Row: CustomStringConvertible {
        let name: String
        let command: Job.Command
        let outcomes: [String: String]
        /// What it does to a job of a run where that is something else, whatever the stage.
        let ofRun: String?

        var description: String { name }

        init(
            _ name: String, _ command: Job.Command, ofRun: String? = nil, _ outcomes: KeyValuePairs<String, String>
        ) {
            self.name = name
            self.command = command
            self.ofRun = ofRun
            var byStage: [String: String] = [:]
            for (stages, outcome) in outcomes {
                for stage in stages.split(separator: " ") {
                    precondition(byStage[String(stage)] == nil, "\(name) has two outcomes for \(stage)")
                    byStage[String(stage)] = outcome
                }
            }
            if !name.hasPrefix("submit"), !name.hasPrefix("lose the key") {
                for stage in ["absent", "forestalled", "answered"] { byStage[stage] = "!unknownJob" }
            }
            self.outcomes = byStage
        }
    }
}
