import CanonicalJSON
package import Determinism
package import EventLog
import Projections

/// The state of a job in a queue, as people see it.
///
/// A scheduled or retrying job whose time has come may be begun; no event says so.
package enum QueueState: String, Sendable, Equatable, CaseIterable, CanonicalCodable, ViewKey {
    /// Its parents haven't decided about it, or they have and its skip isn't recorded yet.
    case waiting
    /// Isn't begun before a time: since it was submitted so, or because it was put off.
    case scheduled
    case ready
    case running
    /// Failed, and will be tried again.
    case retrying
    case completed
    /// Failed for good.
    case dead
    case cancelled
    case skipped

    package var isEnded: Bool {
        switch self {
        case .completed, .dead, .cancelled, .skipped: true
        case .waiting, .scheduled, .ready, .running, .retrying: false
        }
    }
}

/// What the ends of its parents mean for a job.
package enum QueueVerdict: Equatable, Sendable {
    case waits
    case goes
    /// It can never run, and a skip must be recorded.
    case doomed
}

extension QueueTerms.Join {
    /// The verdict on a job with `pending` parents that haven't ended, `failed` ones whose failure counts, and perhaps
    /// one whose end alone decides.
    package func verdict(parents: Int, pending: Int, failed: Int, isDecided: Bool) -> QueueVerdict {
        if parents == 0 { return .goes }
        return switch self {
        case .allSuccess: isDecided ? .doomed : pending == 0 ? .goes : .waits
        case .allDone: pending == 0 ? .goes : .waits
        case .anyFailed: failed > 0 ? .goes : pending == 0 ? .doomed : .waits
        }
    }

    /// Whether the end of a parent counts as a failure.
    package func countsAsFailed(_ end: ParentEnd, _ onFailure: ParentRange.OnFailure) -> Bool {
        switch (self, end) {
        case (_, .succeeded): false
        case (.allSuccess, .failed): onFailure != .continue
        case (.allDone, .failed), (.anyFailed, .failed): true
        }
    }
}

/// Where a job is found; each is in exactly one place.
package enum QueuePlace: Equatable, Sendable {
    case waiting
    case ready
    case timed(Timestamp)
    /// An event must be written for it.
    case unsettled
    case running(WorkerID)
    case ended
}

/// An event that somebody must write for a job.
package enum Unsettled: Equatable, Sendable {
    /// A retry of the failure that stands there.
    case retry(after: Position)
    /// A skip, with its causes: the job's own submission and the end of a parent.
    case skip(JobSkipped, causes: [Position])
}

extension QueueRow {
    /// Whether the ends of its parents still decide about it: it was never begun since it was submitted or an operator
    /// asked for it anew.
    var awaitsParents: Bool {
        guard case .ready = stage else { return false }
        return parents > 0 && started == nil
    }

    package var verdict: QueueVerdict {
        guard awaitsParents else { return .goes }
        return join.verdict(parents: parents, pending: pending, failed: failed, isDecided: dueSkip != nil)
    }

    package var place: QueuePlace { standing.place }
    package var state: QueueState { standing.state }

    /// Where it is found, and as what.
    var standing: (place: QueuePlace, state: QueueState) {
        switch stage {
        case .ready:
            switch verdict {
            case .waits: (.waiting, .waiting)
            case .doomed: (.unsettled, .waiting)
            case .goes: notBefore.map { (.timed($0), .scheduled) } ?? (.ready, .ready)
            }
        case .undecided: (.unsettled, .retrying)
        case .retrying(let notBefore): (.timed(notBefore), .retrying)
        case .deferred(let notBefore): (.timed(notBefore), .scheduled)
        case .leased(let lease): (.running(lease.worker), .running)
        case .completed: (.ended, .completed)
        case .failed: (.ended, .dead)
        case .cancelled: (.ended, .cancelled)
        case .skipped: (.ended, .skipped)
        }
    }

    /// What must be written for it, if anything.
    package var unsettled: Unsettled? {
        if case .undecided = stage { return .retry(after: turned) }
        guard let dueSkip, verdict == .doomed else { return nil }
        return .skip(dueSkip.skipped, causes: [position, dueSkip.cause])
    }

    /// How it ended, as its children see it; nil while it hasn't.
    func end(of id: JobID) -> ParentEnd? {
        switch stage {
        case .completed: .succeeded
        case .failed(let kind): .failed(rootCause: id, rootClass: kind)
        case .cancelled(let reason): ParentEnd(.cancelled(JobCancelled(by: "", reason: reason)), of: id)
        case .skipped(let skipped): ParentEnd(.skipped(skipped), of: id)
        case .ready, .undecided, .retrying, .deferred, .leased: nil
        }
    }
}

extension QueueRow {
    /// Counts the end of a parent, at a position of the log.
    ///
    /// The parents' ends may come in any order: of those that decide alone the first in the log is kept, and for a job
    /// that needs a failure the last success.
    mutating func count(
        _ end: ParentEnd, of parent: JobID, _ onFailure: ParentRange.OnFailure, at cause: Position
    ) {
        pending -= 1
        if join.countsAsFailed(end, onFailure) { failed += 1 }
        guard let skipped = QueueTerms.skip(join, onFailure, after: end, of: parent) else { return }
        if let dueSkip, (dueSkip.cause < cause) == (join == .allSuccess) { return }
        dueSkip = DueSkip(skipped: skipped, cause: cause)
    }

    /// Takes back the end of a parent, which an operator wants done after all; true if another parent that decides
    /// must be looked for.
    mutating func uncount(_ end: ParentEnd, _ onFailure: ParentRange.OnFailure, at cause: Position) -> Bool {
        pending += 1
        if join.countsAsFailed(end, onFailure) { failed -= 1 }
        guard dueSkip?.cause == cause else { return false }
        dueSkip = nil
        return join == .allSuccess && failed > 0
    }

    /// Takes the end of a parent that was counted before as what decides, if it does alone.
    mutating func decide(
        by end: ParentEnd, of parent: JobID, _ onFailure: ParentRange.OnFailure, at cause: Position
    ) -> Bool {
        guard let skipped = QueueTerms.skip(join, onFailure, after: end, of: parent) else { return false }
        dueSkip = DueSkip(skipped: skipped, cause: cause)
        return true
    }

    /// Forgets what its parents did.
    mutating func forgetParents() {
        pending = parents
        failed = 0
        dueSkip = nil
    }
}

extension ParentRange {
    /// Those of its jobs that come behind one of them, or all.
    func jobs(behind former: JobID?) -> some Sequence<JobID> {
        let start = former.map { place(of: $0) + 1 } ?? 0
        return (min(start, count)..<count).lazy.map { first.following($0) ?? first }
    }

    /// How many of its jobs come before one of them.
    private func place(of job: JobID) -> Int {
        guard case .stable(_, let low) = job.text.form, case .stable(_, let start) = first.text.form else { return 0 }
        return Int(low - start)
    }
}
