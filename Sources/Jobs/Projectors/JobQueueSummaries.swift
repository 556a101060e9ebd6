package import CanonicalJSON
package import Determinism

/// How many jobs are in each state.
package struct QueueCounts: Equatable, Sendable {
    package var waiting = 0
    package var scheduled = 0
    package var ready = 0
    package var running = 0
    package var retrying = 0
    package var completed = 0
    package var dead = 0
    package var cancelled = 0
    package var skipped = 0

    package init() {}

    package subscript(state: QueueState) -> Int {
        get {
            switch state {
            case .waiting: waiting
            case .scheduled: scheduled
            case .ready: ready
            case .running: running
            case .retrying: retrying
            case .completed: completed
            case .dead: dead
            case .cancelled: cancelled
            case .skipped: skipped
            }
        }
        set {
            switch state {
            case .waiting: waiting = newValue
            case .scheduled: scheduled = newValue
            case .ready: ready = newValue
            case .running: running = newValue
            case .retrying: retrying = newValue
            case .completed: completed = newValue
            case .dead: dead = newValue
            case .cancelled: cancelled = newValue
            case .skipped: skipped = newValue
            }
        }
    }

    package var ended: Int { completed + dead + cancelled + skipped }
    package var unfinished: Int { waiting + scheduled + ready + running + retrying }
    package var total: Int { ended + unfinished }

    package static func + (left: QueueCounts, right: QueueCounts) -> QueueCounts {
        var sum = left
        for state in QueueState.allCases { sum[state] += right[state] }
        return sum
    }

    /// One job more in a state, and one less in the one that it was in.
    mutating func move(from before: QueueState?, to after: QueueState) {
        if let before { self[before] -= 1 }
        self[after] += 1
    }
}

extension QueueCounts: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalCount("cancelled", cancelled)
        writer.optionalCount("completed", completed)
        writer.optionalCount("dead", dead)
        writer.optionalCount("ready", ready)
        writer.optionalCount("retrying", retrying)
        writer.optionalCount("running", running)
        writer.optionalCount("scheduled", scheduled)
        writer.optionalCount("skipped", skipped)
        writer.optionalCount("waiting", waiting)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        cancelled = try reader.count("cancelled")
        completed = try reader.count("completed")
        dead = try reader.count("dead")
        ready = try reader.count("ready")
        retrying = try reader.count("retrying")
        running = try reader.count("running")
        scheduled = try reader.count("scheduled")
        skipped = try reader.count("skipped")
        waiting = try reader.count("waiting")
        try reader.endObject()
    }
}

/// A queue: what an operator has set for it, and how many jobs of it stand where.
package struct QueueSummary: Equatable, Sendable {
    package struct Pause: Equatable, Sendable {
        package let by: String
        package let note: String?
        package let since: Timestamp
    }

    package var counts = QueueCounts()
    /// Nil for no limit.
    package var concurrency: Int?
    /// Whether submissions are refused, so that it runs empty.
    package var isDraining = false
    /// Nil while jobs of it are begun.
    package var pause: Pause?
    /// How many ended jobs were dropped, which `counts` doesn't have any more.
    package var pruned = 0

    package init() {}

    mutating func prune(_ state: QueueState) {
        counts[state] -= 1
        pruned += 1
    }

    mutating func take(_ happened: QueueEvent, at time: Timestamp) {
        switch happened {
        case .configured(let configured):
            concurrency = configured.concurrency
            isDraining = configured.isDraining
        case .paused(let paused): pause = Pause(by: paused.by, note: paused.note, since: time)
        case .resumed: pause = nil
        }
    }
}

extension QueueSummary: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("concurrency", concurrency)
        writer.field("counts", counts)
        if isDraining { writer.field("draining", true) }
        writer.optionalField("pausedBy", pause?.by)
        writer.optionalField("pausedNote", pause?.note)
        writer.optionalField("pausedSince", pause?.since)
        writer.optionalCount("pruned", pruned)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        concurrency = try reader.optionalField("concurrency")
        counts = try reader.field("counts")
        isDraining = try reader.optionalField("draining") ?? false
        let by: String? = try reader.optionalField("pausedBy")
        let note: String? = try reader.optionalField("pausedNote")
        let since: Timestamp? = try reader.optionalField("pausedSince")
        pruned = try reader.count("pruned")
        try reader.endObject()
        if let by, let since { pause = Pause(by: by, note: note, since: since) }
    }
}

/// Jobs that were submitted together.
package struct SubmissionRow: Equatable, Sendable {
    package let by: String
    package var counts = QueueCounts()
    /// When the last of its jobs ended; nil while one hasn't.
    package var finished: Timestamp?
    /// How many jobs were accepted; those in `counts` and `pruned` are in the log already.
    package let jobs: Int
    /// How many ended jobs were dropped, which `counts` doesn't have any more.
    package var pruned = 0
    package let submitID: String
    package let submitted: Timestamp

    init(_ accepted: SubmissionAccepted, at time: Timestamp) {
        by = accepted.by
        finished = accepted.jobs == 0 ? time : nil
        jobs = accepted.jobs
        submitID = accepted.submitID
        submitted = time
    }

    mutating func move(from before: QueueState?, to after: QueueState, at time: Timestamp) {
        counts.move(from: before, to: after)
        if after.isEnded {
            if counts.ended + pruned == jobs { finished = time }
        } else {
            finished = nil
        }
    }

    mutating func prune(_ state: QueueState) {
        counts[state] -= 1
        pruned += 1
    }
}

extension SubmissionRow: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("by", by)
        writer.field("counts", counts)
        writer.optionalField("finished", finished)
        writer.field("jobs", jobs)
        writer.optionalCount("pruned", pruned)
        writer.field("submitId", submitID)
        writer.field("submitted", submitted)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        by = try reader.field("by")
        counts = try reader.field("counts")
        finished = try reader.optionalField("finished")
        jobs = try reader.field("jobs")
        pruned = try reader.count("pruned")
        submitID = try reader.field("submitId")
        submitted = try reader.field("submitted")
        try reader.endObject()
    }
}

/// A worker of queues; one that was killed has neither drained nor stopped.
package struct WorkerRow: Equatable, Sendable {
    package let concurrency: Int
    /// Since when it takes no more jobs; nil while it does.
    package var draining: Timestamp?
    package let host: String
    package let process: Int
    /// Empty for all.
    package let queues: [String]
    package let started: Timestamp
    package var stopped: Timestamp?
    /// Why it stopped.
    package var stopReason: WorkerStopped.Reason?

    /// Nil for a worker of a run.
    init?(_ started: WorkerStarted, at time: Timestamp) {
        guard let queues = started.queues else { return nil }
        concurrency = started.concurrency
        host = started.host ?? "(unknown)"
        process = started.process ?? 0
        self.queues = queues
        self.started = time
    }
}

extension WorkerRow: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("concurrency", concurrency)
        writer.optionalField("draining", draining)
        writer.field("host", host)
        writer.field("process", process)
        writer.field("queues", queues)
        writer.field("started", started)
        writer.optionalField("stopReason", stopReason)
        writer.optionalField("stopped", stopped)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        concurrency = try reader.field("concurrency")
        draining = try reader.optionalField("draining")
        host = try reader.field("host")
        process = try reader.field("process")
        queues = try reader.field("queues")
        started = try reader.field("started")
        stopReason = try reader.optionalField("stopReason")
        stopped = try reader.optionalField("stopped")
        try reader.endObject()
    }
}
