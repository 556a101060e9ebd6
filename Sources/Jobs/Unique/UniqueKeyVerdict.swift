package import Determinism

/// What one who wants a unique key does next, by what the key's stream and its holders' streams say.
package enum UniqueKeyVerdict: Equatable, Sendable {
    /// Take it; the job waits for the end of another if there is one.
    case free(behind: JobID?)
    /// First keep this job from being begun: it isn't there, or it has ended, and its key is free.
    case close(JobID)
    /// First cancel this job, which hasn't been begun.
    case replace(JobID)
    /// This job has it.
    case held(by: JobID)
}

/// One who wants a unique key for a job.
package struct UniqueKeyTaker: Sendable {
    package let job: JobID
    package let onConflict: QueueTerms.Unique.Conflict
    /// The jobs that it has closed since it looked at the key.
    package var closed: Set<JobID> = []
    /// Whether it took the place of a job; then it waits where that one did.
    package var hasReplaced = false

    package init(_ job: JobID, onConflict: QueueTerms.Unique.Conflict) {
        self.job = job
        self.onConflict = onConflict
    }

    /// What to do about those who have or had the key: the last who took it, and the one that it waits for.
    package func verdict(
        on key: UniqueKey.State, at now: Timestamp, look: (JobID) throws -> Job.State
    ) rethrows -> UniqueKeyVerdict {
        var behind: JobID?
        for taken in [key.last, key.behind].compactMap(\.self) where taken.holder != job {
            let holder = taken.holder
            switch try look(holder) {
            case .absent: if !closed.contains(holder) { return .close(holder) }
            case .forestalled(let forestalled):
                if forestalled.answer == nil, !closed.contains(holder) { return .close(holder) }
            case .known(let progress) where taken.holds(progress, at: now):
                guard let place = place(beside: progress) else { return .held(by: holder) }
                if place == .instead { return .replace(holder) }
                behind = holder
            case .known(let progress):
                if progress.canReturn, !closed.contains(holder) { return .close(holder) }
            }
        }
        return .free(behind: behind)
    }

    private enum Place { case instead, after }

    private func place(beside holder: Job.Progress) -> Place? {
        switch onConflict {
        case .reject, .existing: nil
        case .replaceWaiting where holder.hasEnded: nil
        case .keepLatest where holder.hasEnded: nil
        case .replaceWaiting: holder.hasBegun ? (hasReplaced ? .after : nil) : .instead
        case .keepLatest: holder.hasBegun ? .after : .instead
        }
    }
}
