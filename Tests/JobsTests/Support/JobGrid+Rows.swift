import CanonicalJSON
import Determinism

@testable import Jobs

extension JobGrid {
    static let rows = submissions + leases + answers + losses + decisions + observations + keys

    private static let submissions = [
        Row(
            "submit it again", .submit(Sample.submitted(terms: terms)), ofRun: "!submittedDifferently",
            [
                "absent": "submitted", "forestalled": "!keyLost", "answered": "!standsFor",
                "ready undecided retrying deferred leased completed failed cancelled overdue skipped": "-",
            ]),
        Row(
            "submit something else under its id", .submit(Sample.submitted(lane: "other", terms: terms)),
            [
                "absent": "submitted", "forestalled": "!keyLost", "answered": "!standsFor",
                "ready undecided retrying deferred leased completed failed cancelled overdue skipped":
                    "!submittedDifferently",
            ]),
    ]

    private static let leases = [
        Row(
            "lease by another", .lease(to: Sample.b, at: Sample.at(50), for: .seconds(100)),
            [
                "ready retrying deferred": "leased", "undecided": "!notReady", "leased": "!leasedElsewhere",
                "completed failed cancelled overdue skipped": "!alreadyFinished",
            ]),
        Row(
            "lease until the same deadline", .lease(to: Sample.a, at: Sample.at(50), for: .seconds(50)),
            [
                "ready retrying deferred": "leased", "undecided": "!notReady", "leased": "-",
                "completed failed cancelled overdue skipped": "!alreadyFinished",
            ]),
        Row(
            "lease too early", .lease(to: Sample.b, at: Sample.at(39), for: .seconds(100)),
            [
                "ready": "leased", "retrying deferred": "!notDue", "undecided": "!notReady",
                "leased": "!leasedElsewhere", "completed failed cancelled overdue skipped": "!alreadyFinished",
            ]),
        Row(
            "renew", .renew(by: Sample.a, at: Sample.at(50), for: .seconds(100)),
            [
                "leased": "leaseRenewed",
                "ready undecided retrying deferred completed failed cancelled overdue skipped": "!leaseLost",
            ]),
        Row(
            "renew by another", .renew(by: Sample.b, at: Sample.at(50), for: .seconds(100)),
            [
                "ready undecided retrying deferred leased completed failed cancelled overdue skipped": "!leaseLost"
            ]),
        Row(
            "renew at the deadline", .renew(by: Sample.a, at: Sample.at(100), for: .seconds(100)),
            [
                "ready undecided retrying deferred leased completed failed cancelled overdue skipped": "!leaseLost"
            ]),
        Row(
            "release", .release(by: Sample.a, at: Sample.at(50)),
            [
                "leased": "released", "ready": "-",
                "undecided retrying deferred completed failed cancelled overdue skipped": "!leaseLost",
            ]),
        Row(
            "release by another", .release(by: Sample.b, at: Sample.at(50)),
            [
                "ready": "-",
                "leased undecided retrying deferred completed failed cancelled overdue skipped": "!leaseLost",
            ]),
    ]

    private static let answers = [
        Row(
            "complete", .complete(by: Sample.a, at: Sample.at(50), result: ["n": 1]),
            [
                "leased": "completed", "completed": "-",
                "ready undecided retrying deferred failed cancelled overdue skipped": "!leaseLost",
            ]),
        Row(
            "complete by another", .complete(by: Sample.b, at: Sample.at(50), result: [:]),
            [
                "completed": "-",
                "ready undecided retrying deferred leased failed cancelled overdue skipped": "!leaseLost",
            ]),
        Row(
            "complete at the deadline", .complete(by: Sample.a, at: Sample.at(100), result: [:]),
            [
                "completed": "-",
                "ready undecided retrying deferred leased failed cancelled overdue skipped": "!leaseLost",
            ]),
        Row(
            "complete with a number", .complete(by: Sample.a, at: Sample.at(50), result: 1),
            [
                "leased": "!malformedAnswer", "completed": "-",
                "ready undecided retrying deferred failed cancelled overdue skipped": "!leaseLost",
            ]),
        Row(
            "fail", .fail(by: Sample.a, at: Sample.at(50), class: "timeout", message: "slow", retryable: true),
            [
                "leased": "failed", "undecided failed": "-",
                "ready retrying deferred completed cancelled overdue skipped": "!leaseLost",
            ]),
        Row(
            "fail by another",
            .fail(by: Sample.b, at: Sample.at(50), class: "timeout", message: "slow", retryable: true),
            [
                "undecided failed": "-",
                "ready retrying deferred leased completed cancelled overdue skipped": "!leaseLost",
            ]),
        Row(
            "fail with a sentence as the class",
            .fail(by: Sample.a, at: Sample.at(50), class: "It broke.", message: "slow", retryable: true),
            [
                "leased": "!malformedAnswer", "undecided failed": "-",
                "ready retrying deferred completed cancelled overdue skipped": "!leaseLost",
            ]),
        Row(
            "put off", .putOff(by: Sample.a, at: Sample.at(50), until: Sample.at(60), reason: "full"),
            [
                "leased": "deferred",
                "ready undecided retrying deferred completed failed cancelled overdue skipped": "!leaseLost",
            ]),
        Row(
            "put off until the same time", .putOff(by: Sample.a, at: Sample.at(50), until: Sample.at(40), reason: "x"),
            [
                "leased": "deferred", "deferred": "-",
                "ready undecided retrying completed failed cancelled overdue skipped": "!leaseLost",
            ]),
        Row(
            "put off by another", .putOff(by: Sample.b, at: Sample.at(50), until: Sample.at(60), reason: "full"),
            [
                "ready undecided retrying deferred leased completed failed cancelled overdue skipped": "!leaseLost"
            ]),
    ]

    private static let losses = [
        Row(
            "crash", .crash(by: Sample.a, at: Sample.at(50), message: "signal 9", policy: policy),
            [
                "leased": "crashed", "ready": "-",
                "undecided retrying deferred completed failed cancelled overdue skipped": "!leaseLost",
            ]),
        Row(
            "crash of another's program", .crash(by: Sample.b, at: Sample.at(50), message: "signal 9", policy: policy),
            [
                "ready": "-",
                "undecided retrying deferred leased completed failed cancelled overdue skipped": "!leaseLost",
            ]),
        Row(
            "expire at the deadline",
            .expire(from: Sample.a, at: Sample.at(100), reason: .deadline, policy: policy),
            [
                "leased": "leaseExpired",
                "ready undecided retrying deferred completed failed cancelled overdue skipped": "-",
            ]),
        Row(
            "expire before the deadline",
            .expire(from: Sample.a, at: Sample.at(99), reason: .deadline, policy: policy),
            [
                "leased": "!leaseHolds",
                "ready undecided retrying deferred completed failed cancelled overdue skipped": "-",
            ]),
        Row(
            "expire since the worker is gone",
            .expire(from: Sample.a, at: Sample.at(50), reason: .workerGone, policy: policy),
            [
                "leased": "leaseExpired",
                "ready undecided retrying deferred completed failed cancelled overdue skipped": "-",
            ]),
        Row(
            "expire another's lease", .expire(from: Sample.b, at: Sample.at(100), reason: .deadline, policy: policy),
            ["ready undecided retrying deferred leased completed failed cancelled overdue skipped": "-"]),
        Row(
            "unlock", .unlock(by: "me", note: nil), ofRun: "!belongsToRun",
            [
                "leased": "unlocked", "ready": "-",
                "undecided retrying deferred completed failed cancelled overdue skipped": "!notRunning",
            ]),
    ]

    private static let decisions = [
        Row(
            "schedule a retry", .scheduleRetry(at: Sample.at(50), delay: .seconds(5)),
            [
                "undecided": "retryScheduled", "retrying": "-",
                "ready deferred leased completed failed cancelled overdue skipped": "!nothingToRetry",
            ]),
        Row(
            "skip", .skip(JobSkipped(rootCause: Sample.job(8), rootClass: "timeout")),
            [
                "ready undecided retrying deferred": "skipped", "skipped": "-", "leased": "!leasedElsewhere",
                "completed failed cancelled overdue": "!alreadyFinished",
            ]),
        Row(
            "request a retry", .requestRetry(by: "me"),
            [
                "failed skipped cancelled": "retryRequested", "ready": "-", "overdue": "!pastDeadline",
                "undecided retrying deferred leased completed": "!nothingToRetry",
            ]),
        Row(
            "cancel", .cancel(by: "me", note: "wrong data", reason: .requested), ofRun: "!belongsToRun",
            [
                "ready undecided retrying deferred leased": "cancelled", "cancelled overdue": "-",
                "completed failed skipped": "!alreadyFinished",
            ]),
        Row(
            "cancel past its deadline", .cancelPastDeadline(at: Sample.at(1_000)), ofRun: "!beforeDeadline",
            [
                "ready undecided retrying deferred leased": "cancelled", "cancelled overdue": "-",
                "completed failed skipped": "!alreadyFinished",
            ]),
        Row(
            "cancel before its deadline", .cancelPastDeadline(at: Sample.at(999)), ofRun: "!beforeDeadline",
            [
                "ready undecided retrying deferred leased completed failed cancelled overdue skipped":
                    "!beforeDeadline"
            ]),
    ]

    private static let observations = [
        Row(
            "report", .report(by: Sample.a, at: Sample.at(50), thousandths: 500, message: nil),
            [
                "leased": "progressed",
                "ready undecided retrying deferred completed failed cancelled overdue skipped": "!leaseLost",
            ]),
        Row(
            "report by another", .report(by: Sample.b, at: Sample.at(50), thousandths: 500, message: nil),
            [
                "ready undecided retrying deferred leased completed failed cancelled overdue skipped": "!leaseLost"
            ]),
        Row(
            "record another's late answer",
            .recordLate(JobResultLate(attempt: 1, class: nil, result: [:], worker: Sample.b)),
            ["ready undecided retrying deferred leased completed failed cancelled overdue skipped": "resultLate"]),
        Row(
            "record a late answer of who has it",
            .recordLate(JobResultLate(attempt: 1, class: "timeout", result: nil, worker: Sample.a)),
            [
                "leased": "!leaseHolds",
                "ready undecided retrying deferred completed failed cancelled overdue skipped": "resultLate",
            ]),
        Row(
            "record a late number", .recordLate(JobResultLate(attempt: 1, class: nil, result: 1, worker: Sample.b)),
            [
                "ready undecided retrying deferred leased completed failed cancelled overdue skipped":
                    "!malformedAnswer"
            ]),
    ]

    private static let keys = [
        Row(
            "submit it having seen the key lost", .submit(Sample.submitted(terms: terms), keyTurns: 1),
            ofRun: "!submittedDifferently",
            [
                "absent forestalled": "submitted", "answered": "!standsFor",
                "ready undecided retrying deferred leased completed failed cancelled overdue skipped": "-",
            ]),
        Row(
            "lose the key", .loseKey(JobKeyLost(holder: Sample.job(8), key: Sample.key, reason: .taken)),
            [
                "absent forestalled failed cancelled skipped": "keyLost", "answered completed overdue": "-",
                "ready undecided retrying deferred leased": "!isUnderWay",
            ]),
        Row(
            "lose the key to the answer",
            .loseKey(JobKeyLost(holder: Sample.job(8), key: Sample.key, reason: .existing)),
            [
                "absent forestalled": "keyLost", "answered": "-",
                "ready undecided retrying deferred leased completed failed cancelled overdue skipped": "!isUnderWay",
            ]),
        Row(
            "replace", .replace(by: "me", with: Sample.job(8)), ofRun: "!belongsToRun",
            [
                "ready": "cancelled", "undecided retrying deferred leased": "!hasBegun",
                "completed failed skipped": "!alreadyFinished", "cancelled overdue": "-",
            ]),
    ]
}
