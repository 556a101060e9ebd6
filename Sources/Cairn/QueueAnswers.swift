package import CanonicalJSON
package import Determinism
package import Jobs

/// A job of a queue as `cairn query` shows it.
package struct QueueJobAnswer: Equatable, Sendable {
    package let id: JobID
    package let row: QueueRow
    /// What is wrong with the worker that has it; nil where nothing is known to be.
    package var holder: LostHolder?
    /// What keeps living workers from beginning its kind, if it could be begun otherwise; nil where nothing does.
    package var hold: KindHold?

    package init(_ job: ListedJob, holder: LostHolder? = nil, hold: KindHold? = nil) {
        id = job.id
        row = job.row
        self.holder = holder
        self.hold = hold
    }

    /// Attempts that were begun, the present one included; those that were lost, given back or put off aside.
    package var attempts: Int {
        switch row.state {
        case .running, .completed: row.failures + 1
        case .waiting, .scheduled, .ready, .retrying, .dead, .cancelled, .skipped: row.failures
        }
    }

    /// How long its last attempt took; nil while it runs and for one that wasn't begun.
    package var took: Microseconds? {
        switch row.state {
        case .completed, .dead:
            guard let started = row.started, let finished = row.finished else { return nil }
            return finished - started
        case .waiting, .scheduled, .ready, .running, .retrying, .cancelled, .skipped: return nil
        }
    }

    /// Before when it isn't begun, if there is such a time.
    package var notBefore: Timestamp? {
        if case .timed(let time) = row.place { return time }
        return nil
    }

    /// When its lease ends, while somebody has it.
    package var leaseDeadline: Timestamp? {
        if case .leased(let lease) = row.stage { return lease.deadline }
        return nil
    }

    /// Whose fault it is that it was skipped, and how that one ended.
    package var skipped: JobSkipped? {
        if case .skipped(let skipped) = row.stage { return skipped }
        return nil
    }

    /// Why it was cancelled.
    package var cancelled: JobCancelled.Reason? {
        if case .cancelled(let reason) = row.stage { return reason }
        return nil
    }
}

extension QueueJobAnswer: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempts", attempts)
        writer.optionalField("cancelled", cancelled)
        writer.field("children", row.children)
        writer.field("crashes", row.crashes)
        writer.optionalField("deadline", row.deadline)
        writer.field("deferrals", row.deferrals)
        writer.optionalField("errorClass", row.errorClass)
        writer.optionalField("errorMessage", row.errorMessage)
        writer.optionalField("finished", row.finished)
        writer.optionalField("heldBy", hold?.places)
        writer.field("job", id)
        writer.field("join", row.join)
        writer.field("kind", row.kind)
        writer.field("lateResults", row.lateResults)
        writer.optionalField("leaseDeadline", leaseDeadline)
        writer.field("maxAttempts", row.maxAttempts)
        writer.optionalField("name", row.name)
        writer.optionalField("notBefore", notBefore)
        writer.field("parents", row.parents)
        writer.field("pending", row.pending)
        writer.field("position", row.position)
        writer.field("priority", row.priority)
        writer.optionalField("progress", row.progress.map { Double($0.thousandths) / 1_000 })
        writer.optionalField("progressMessage", row.progress?.message)
        writer.field("queue", row.queue)
        writer.field("run", row.run)
        writer.optionalField("skipped", skipped)
        writer.optionalField("started", row.started)
        writer.field("state", row.state)
        writer.field("submitted", row.submitted)
        writer.field("tags", row.labels)
        writer.optionalField("timeout", row.timeout)
        writer.optionalField("took", took)
        writer.optionalField("worker", row.worker)
        holder?.encode(in: &writer)
        writer.endObject()
    }
}

/// A queue as `cairn query` shows it.
package struct QueueAnswer: Sendable {
    /// The ready job of a priority that was submitted first.
    package struct Oldest: Equatable, Sendable, CanonicalEncodable {
        package let job: JobID
        package let priority: Int
        package let submitted: Timestamp
        package let age: Microseconds

        package func encode(to writer: inout CanonicalWriter) {
            writer.beginObject()
            writer.field("age", age)
            writer.field("job", job)
            writer.field("priority", priority)
            writer.field("submitted", submitted)
            writer.endObject()
        }
    }

    package let name: String
    package let summary: QueueSummary
    /// By priority, the highest first.
    package let oldestReady: [Oldest]

    /// Open, paused, draining, or both.
    package var standing: String {
        switch (summary.pause != nil, summary.isDraining) {
        case (false, false): "open"
        case (true, false): "paused"
        case (false, true): "draining"
        case (true, true): "paused, draining"
        }
    }
}

extension QueueAnswer: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("concurrency", summary.concurrency)
        writer.field("counts") { summary.counts.encodeAll(to: &$0) }
        writer.field("draining", summary.isDraining)
        writer.field("oldestReady", oldestReady)
        writer.optionalField("pause", summary.pause)
        writer.field("pruned", summary.pruned)
        writer.field("queue", name)
        writer.endObject()
    }
}

extension QueueSummary.Pause: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("by", by)
        writer.optionalField("note", note)
        writer.field("since", since)
        writer.endObject()
    }
}

extension QueueCounts {
    /// Every state with its count, zeros too.
    package func encodeAll(to writer: inout CanonicalWriter) {
        writer.beginObject()
        for state in QueueState.allCases.sorted(by: { $0.rawValue < $1.rawValue }) {
            writer.field(dynamic: state.rawValue, self[state])
        }
        writer.endObject()
    }
}

/// A submission as `cairn query` shows it.
package struct SubmissionAnswer: Sendable, CanonicalEncodable {
    package let run: RunID
    package let row: SubmissionRow

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("by", row.by)
        writer.field("counts") { row.counts.encodeAll(to: &$0) }
        writer.optionalField("finished", row.finished)
        writer.field("jobs", row.jobs)
        writer.field("pruned", row.pruned)
        writer.field("run", run)
        writer.field("submission", row.submitID)
        writer.field("submitted", row.submitted)
        writer.endObject()
    }
}

/// A worker of queues as `cairn query` shows it.
package struct WorkerAnswer: Sendable, CanonicalEncodable {
    package enum Standing: String, Sendable, CanonicalCodable {
        case alive
        /// Alive, and takes no more jobs.
        case draining
        /// Its process ended without saying so.
        case gone
        case stopped
    }

    package let id: WorkerID
    package let row: WorkerRow
    package let standing: Standing
    /// What it says of itself; nil unless it is alive.
    package let status: WorkerStatus?

    /// What it is by a row that was read after its lock was looked at.
    ///
    /// A worker that ends in order says so in the log before its lock is free, and not before its row is read.
    func rechecked(_ later: WorkerRow?) -> WorkerAnswer {
        guard standing == .gone, let later, later.stopped != nil else { return self }
        return WorkerAnswer(id: id, row: later, standing: .stopped, status: nil)
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("concurrency", row.concurrency)
        writer.field("host", row.host)
        writer.optionalField("jobs", status?.jobs)
        writer.optionalField("kinds", status?.kinds)
        writer.optionalField("pools", status?.pools)
        writer.field("process", row.process)
        writer.field("queues", row.queues)
        writer.optionalField("running", status?.running)
        writer.field("started", row.started)
        writer.field("state", standing)
        writer.optionalField("stopReason", row.stopReason)
        writer.optionalField("stopped", row.stopped)
        writer.optionalField("tally", status?.tally)
        writer.field("worker", id)
        writer.endObject()
    }
}
