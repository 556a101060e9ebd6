package import EventLog

/// Where the data of a type of event comes from, and so who can check it.
package enum EventOrigin: Equatable, Sendable {
    /// From outside: a person, a program, a clock, a provider. The log is the only witness.
    case observed
    /// Decided by a pure decider from the events before it: executing again decides it again.
    case decided
    /// Made by a pure function that the event's cause names: verifying makes it again.
    case derived
    /// As `derived` where the cause names a function, else as `observed`: somebody may also have asked for it.
    case derivedWhereCited
}

extension Catalogues {
    /// The origin of every event type that this program writes.
    ///
    /// An event whose data follows from others by a rule belongs to `derived`, and needs a derivation in the catalogue:
    /// without one nobody can tell whether a recorded number is right. A test holds this table against both catalogues.
    package static let origins: [EventType: EventOrigin] = [
        EventType("access.exported"): .observed,
        EventType("access.forked"): .observed,
        EventType("access.keyChanged"): .observed,
        EventType("access.redacted"): .observed,
        EventType("blob.erased"): .observed,
        EventType("fork.callSent"): .observed,
        EventType("fork.created"): .observed,
        EventType("fork.taken"): .observed,
        EventType("job.cancelled"): .derivedWhereCited,
        EventType("job.completed"): .observed,
        EventType("job.crashed"): .observed,
        EventType("job.deferred"): .observed,
        EventType("job.failed"): .observed,
        EventType("job.keyLost"): .decided,
        EventType("job.leaseExpired"): .derived,
        EventType("job.leaseRenewed"): .decided,
        EventType("job.leased"): .decided,
        EventType("job.progressed"): .observed,
        EventType("job.released"): .decided,
        EventType("job.resultLate"): .observed,
        EventType("job.retryRequested"): .observed,
        EventType("job.retryScheduled"): .derived,
        EventType("job.skipped"): .derived,
        EventType("job.submitted"): .observed,
        EventType("job.unlocked"): .decided,
        EventType("llm.callCompleted"): .derived,
        EventType("llm.callFailed"): .derived,
        EventType("llm.callOutcomeUnknown"): .derived,
        EventType("llm.callReused"): .derived,
        EventType("llm.callStarted"): .decided,
        EventType("llm.retryDecided"): .derived,
        EventType("log.withheld"): .observed,
        EventType("queue.configured"): .observed,
        EventType("queue.paused"): .observed,
        EventType("queue.pruned"): .observed,
        EventType("queue.resumed"): .observed,
        EventType("ranking.computed"): .derived,
        EventType("retryBudget.spent"): .derived,
        EventType("run.budgetChanged"): .observed,
        EventType("run.drained"): .decided,
        EventType("run.finished"): .derived,
        EventType("run.jobsSubmitted"): .decided,
        EventType("run.reopened"): .decided,
        EventType("run.stopped"): .derived,
        EventType("run.submitted"): .observed,
        EventType("score.computed"): .derived,
        EventType("score.refused"): .derived,
        EventType("submission.accepted"): .observed,
        EventType("uniqueKey.taken"): .decided,
        EventType("worker.drainRequested"): .observed,
        EventType("worker.kindPaused"): .decided,
        EventType("worker.kindResumed"): .observed,
        EventType("worker.started"): .observed,
        EventType("worker.stopped"): .observed,
    ]
}
