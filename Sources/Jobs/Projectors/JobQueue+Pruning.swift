package import CanonicalJSON
import Determinism
import EventLog
import Projections

/// What stays known of a job that was dropped: how it ended, for jobs that name it as a parent later.
package struct PrunedJob: Equatable, Sendable {
    /// Where the event stands that ended it.
    let position: Position
    /// How the job ended that it failed by; nil for a success.
    private let rootClass: String?
    /// The job that it failed by; nil for a success, and for itself.
    private let rootCause: JobID?

    /// Nil for a job that hasn't ended.
    init?(_ row: QueueRow, _ id: JobID) {
        guard let end = row.end(of: id) else { return nil }
        position = row.turned
        switch end {
        case .succeeded: (rootCause, rootClass) = (nil, nil)
        case .failed(let cause, let kind): (rootCause, rootClass) = (cause == id ? nil : cause, kind)
        }
    }

    /// How it ended, as its children see it.
    func end(of id: JobID) -> ParentEnd {
        rootClass.map { .failed(rootCause: rootCause ?? id, rootClass: $0) } ?? .succeeded
    }
}

extension PrunedJob: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("at", position)
        writer.optionalField("class", rootClass)
        writer.optionalField("root", rootCause)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        position = try reader.field("at")
        rootClass = try reader.optionalField("class")
        rootCause = try reader.optionalField("root")
        try reader.endObject()
    }
}

extension JobQueue.Tables {
    /// Drops those of the jobs that have ended and that no unfinished job waits for.
    ///
    /// The rule is judged here again: what was asked for may have changed before it was recorded.
    mutating func prune(_ ranges: [JobRange]) {
        for range in ranges {
            for id in range.jobs { prune(id) }
        }
    }

    private mutating func prune(_ id: JobID) {
        guard let row = jobs[id], let gone = PrunedJob(row, id), !hasUnfinishedChild(id, row.children) else { return }
        for index in 0..<row.children { edges[EdgeKey(id, index)] = nil }
        for index in 0..<row.ranges { parents[EdgeKey(id, index)] = nil }
        let state = row.state
        ended[EndedKey(state, row.position)] = nil
        jobs[id] = nil
        pruned[id] = gone
        change(row.queue) { $0.prune(state) }
        let isEmpty = submissions.change(row.run) { submission in
            submission.prune(state)
            return submission.pruned == submission.jobs
        }
        if isEmpty == true { submissions[row.run] = nil }
    }

    private func hasUnfinishedChild(_ id: JobID, _ children: Int) -> Bool {
        (0..<children).contains { index in
            guard let edge = edges[EdgeKey(id, index)] else { return false }
            var isUnfinished = false
            _ = jobs.reconsider(edge.child) { row in
                isUnfinished = !row.state.isEnded
                return false
            }
            return isUnfinished
        }
    }
}

// MARK: - Planning

/// What a policy comes to: the jobs to be dropped, in parts that one event each can name.
package struct PrunePlan: Equatable, Sendable {
    package struct Part: Equatable, Sendable {
        package fileprivate(set) var jobs: [JobRange] = []
        package fileprivate(set) var counts = QueueCounts()
    }

    package private(set) var parts: [Part] = []
    /// How many jobs the policy names and that stay, since an unfinished job waits for them.
    package fileprivate(set) var awaited = 0

    package var counts: QueueCounts { parts.reduce(QueueCounts()) { $0 + $1.counts } }

    /// Takes the next job, in the order of ids.
    fileprivate mutating func add(_ id: JobID, _ state: QueueState) {
        var part = parts.popLast() ?? Part()
        let follows = part.jobs.last.map { $0.first.following($0.count) == id } ?? false
        if part.counts.total == QueuePruned.mostJobs || (!follows && part.jobs.count == QueuePruned.mostRanges) {
            parts.append(part)
            part = Part()
        }
        if follows, let last = part.jobs.popLast() {
            part.jobs.append(JobRange(last.first, count: last.count + 1))
        } else {
            part.jobs.append(JobRange(id))
        }
        part.counts[state] += 1
        parts.append(part)
    }
}

extension JobQueue.Tables {
    /// What a policy comes to now.
    package func plan(_ policy: PrunePolicy) throws -> PrunePlan {
        var filter = QueueFilter()
        filter.states = policy.states.filter(\.isEnded)
        filter.queue = policy.queue
        filter.kind = policy.kind
        filter.tags = policy.tags
        if filter.states.isEmpty { return PrunePlan() }
        var chosen: [(position: Position, id: JobID, state: QueueState)] = []
        try forEachJob(filter) { job in
            if let limit = policy.finishedBefore {
                guard let finished = job.row.finished, finished < limit else { return true }
            }
            chosen.append((job.row.position, job.id, job.row.state))
            return true
        }
        if let keep = policy.keep, keep > 0 {
            chosen.sort { $0.position > $1.position }
            chosen.removeFirst(min(keep, chosen.count))
        }
        chosen.sort { $0.id < $1.id }
        var plan = PrunePlan()
        for job in chosen {
            if try isAwaited(job.id) { plan.awaited += 1 } else { plan.add(job.id, job.state) }
        }
        return plan
    }

    private func isAwaited(_ id: JobID) throws -> Bool {
        guard let row = try jobs.get(id), row.children > 0 else { return false }
        return try children(of: id).contains { edge in
            try jobs.get(edge.child).map { !$0.state.isEnded } ?? false
        }
    }
}
