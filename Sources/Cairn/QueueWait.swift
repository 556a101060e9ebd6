package import Determinism
package import Jobs

/// Why a job of a queue isn't being done, or isn't any more, in sentences for people.
package struct QueueWait {
    /// A parent that hasn't ended.
    package struct Parent: Equatable, Sendable {
        package let id: JobID
        package let name: String?
        package let state: QueueState

        package init(id: JobID, name: String?, state: QueueState) {
            self.id = id
            self.name = name
            self.state = state
        }
    }

    /// The most jobs that are counted before it.
    static let mostBefore = 10_000

    package let row: QueueRow
    package let queue: QueueSummary
    /// Some of the parents that haven't ended.
    package let parents: [Parent]
    /// How many ready jobs of its queue come first, at most `mostBefore`.
    package let before: Int
    /// How many living workers serve its queue; nil when nobody can tell.
    package let workers: Int?
    /// How many of these know its kind.
    package let knowing: Int?
    /// What is wrong with the worker that has it; nil where nothing is known to be.
    package let holder: LostHolder?
    /// What keeps workers from beginning its kind; nil where one of them can.
    package let hold: KindHold?
    package let now: Timestamp

    package init(
        _ row: QueueRow, queue: QueueSummary, parents: [Parent] = [], before: Int = 0, workers: Int? = nil,
        knowing: Int? = nil, holder: LostHolder? = nil, hold: KindHold? = nil, now: Timestamp
    ) {
        self.row = row
        self.queue = queue
        self.parents = parents
        self.before = before
        self.workers = workers
        self.knowing = knowing
        self.holder = holder
        self.hold = hold
        self.now = now
    }

    /// Empty for a job that has ended, and for one that runs in a worker that gives signs of life.
    package var reasons: [String] {
        switch row.place {
        case .running: return stranded
        case .ended: return []
        case .waiting: return [forParents]
        case .unsettled:
            return ["what follows from the end of the last attempt, or of a parent, is about to be recorded"] + absence
        case .timed(let time) where time > now: return [untilTime(time)]
        case .timed, .ready: return inLine
        }
    }

    private var stranded: [String] {
        guard let holder, case .leased(let lease) = row.stage else { return [] }
        return [holder.reason("its worker \(lease.worker)", leasedUntil: lease.deadline, now: now)] + absence
    }

    private var forParents: String {
        let named = parents.map { "\($0.name ?? $0.id.rawValue) (\($0.state.rawValue))" }
        let others = row.pending - named.count
        let list = named.joined(separator: ", ") + (others > 0 ? " and \(others) more" : "")
        let rule =
            switch row.join {
            case .allSuccess: "until all have succeeded"
            case .allDone: "until all have ended"
            case .anyFailed: "until one has failed"
            }
        let parents = row.parents == 1 ? "parent" : "parents"
        return "it waits for \(row.pending) of \(row.parents) \(parents), \(rule): \(list)"
    }

    private func untilTime(_ time: Timestamp) -> String {
        switch row.stage {
        case .retrying:
            let failure = "attempt \(row.failures) failed (\(row.errorClass ?? "unknown"))"
            guard let provider = row.heldBackBy else { return failure + "; the next begins at \(time)" }
            return failure
                + "; the provider \(provider) has as many retries as its budget allows (ten a minute, and one for ten "
                + "calls), so the next begins at \(time)"
        case .deferred: return "it was put off until \(time): \(row.errorMessage ?? "no reason was given")"
        case .ready, .undecided, .leased, .completed, .failed, .cancelled, .skipped:
            return "it isn't to be begun before \(time)"
        }
    }

    /// It could be begun: what keeps it from that.
    private var inLine: [String] {
        var reasons: [String] = []
        if let pause = queue.pause {
            reasons.append(
                "the queue \(row.queue) was paused by \(pause.by) at \(pause.since)"
                    + (pause.note.map { ": \($0)" } ?? ""))
        }
        if let limit = queue.concurrency, queue.counts.running >= limit {
            let jobs = queue.counts.running == 1 ? "1 job" : "\(queue.counts.running) jobs"
            reasons.append("the queue \(row.queue) runs \(jobs), and its limit is \(limit)")
        }
        if let hold { reasons += hold.reasons }
        // Who comes first doesn't matter where its kind isn't begun at all.
        if before > 0, hold?.isBegunElsewhere ?? true {
            let many = before >= Self.mostBefore ? "\(before) or more jobs" : "\(before) jobs"
            reasons.append(
                before == 1
                    ? "1 job of the queue \(row.queue) comes first" : "\(many) of the queue \(row.queue) come first")
        }
        reasons += absence
        return reasons.isEmpty ? ["it waits for a worker with a free slot"] : reasons
    }

    private var absence: [String] {
        if workers == 0 { return ["no worker is at work on the queue \(row.queue); `cairn work` starts one"] }
        if knowing == 0 {
            return ["no worker at work knows the kind \(row.kind); `cairn work --handlers FILE` can teach one"]
        }
        return []
    }
}
