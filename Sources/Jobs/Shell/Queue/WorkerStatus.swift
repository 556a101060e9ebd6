package import CanonicalJSON
package import Determinism
import EventLog
import Glibc

/// What a worker does at the moment, for people who look from another process: none of it is in the log.
///
/// A small file beside the worker's lock, written anew at each of its rounds. Nobody decides anything by it.
package struct WorkerStatus: Equatable, Sendable {
    /// A job that the worker has.
    package struct Running: Equatable, Sendable {
        package let attempt: Int
        package let job: JobID
        package let kind: String
        /// What the handler last said.
        package let message: String?
        /// How far it is, in thousandths; nil when it hasn't said.
        package let progress: Int?
        package let queue: String
        /// When it was leased.
        package let since: Timestamp

        package init(
            attempt: Int, job: JobID, kind: String, message: String?, progress: Int?, queue: String, since: Timestamp
        ) {
            self.attempt = attempt
            self.job = job
            self.kind = kind
            self.message = message
            self.progress = progress
            self.queue = queue
            self.since = since
        }
    }

    /// How many jobs of a kind may run in this worker, and from what that follows.
    package struct Pool: Equatable, Sendable {
        /// How often its program crashed lately.
        package let crashes: Int
        package let kind: String
        /// How its last crash was told; nil when it didn't crash since the last that ended well.
        package let lastCrash: String?
        package let least: Int?
        /// How long half of its latest jobs took at most.
        package let medianDuration: Microseconds?
        /// Bytes for all jobs whose need is known, and for each of this kind; nil where there is no limit.
        package let memoryBudget: Int?
        package let memoryPerJob: Int?
        package let most: Int?
        /// Nothing of it is begun before, since it crashed.
        package let notBefore: Timestamp?
        /// Why this worker begins nothing of it any more.
        package let pause: String?
        /// How many were ready at the last look, as far as it counted.
        package let ready: Int?
        package let running: Int
        /// How many may run now.
        package let target: Int?

        package init(_ status: KindStatus) {
            crashes = status.crashes
            kind = status.kind
            lastCrash = status.lastCrash
            least = status.inputs?.least
            medianDuration = status.inputs?.medianDuration
            memoryBudget = status.inputs?.memoryBudget
            memoryPerJob = status.inputs?.memoryPerJob
            most = status.inputs?.most
            notBefore = status.notBefore
            pause = status.pause?.reason
            ready = status.inputs?.ready
            running = status.running
            target = status.target
        }
    }

    /// The most jobs that are told of one by one.
    package static let mostJobs = 16

    /// Whether it takes no more jobs.
    package var isDraining: Bool
    /// Some of the jobs that run, the longest first.
    package var jobs: [Running]
    /// What it knows to do.
    package var kinds: [String]
    /// When the next job may be begun; nil where one may be now, or none waits for a time.
    package var next: Timestamp?
    /// Of the kinds that have places of their own, or whose program crashed.
    package var pools: [Pool]
    /// How many handlers run, or are about to.
    package var running: Int
    /// How many may.
    package var slots: Int
    package var tally: QueueTally
    /// When this was so.
    package var time: Timestamp
    package var worker: WorkerID

    package init(
        worker: WorkerID, time: Timestamp, slots: Int, running: Int, kinds: [String], isDraining: Bool = false,
        next: Timestamp? = nil, tally: QueueTally = QueueTally(), jobs: [Running] = [], pools: [Pool] = []
    ) {
        self.isDraining = isDraining
        self.jobs = jobs
        self.kinds = kinds
        self.next = next
        self.pools = pools
        self.running = running
        self.slots = slots
        self.tally = tally
        self.time = time
        self.worker = worker
    }
}

/// What became of the attempts that a worker made since it was started.
package struct QueueTally: Equatable, Sendable {
    package var completed = 0
    package var crashed = 0
    /// Put off.
    package var deferred = 0
    /// Answered with an error.
    package var failed = 0
    /// Given back unfinished.
    package var released = 0
    /// Cut short since they were cancelled, ran past their deadline or were taken away.
    package var taken = 0

    package init() {}

    /// All answers that took a job further.
    package var done: Int { completed + failed + crashed }

    mutating func count(_ answer: QueueResult?) {
        switch answer {
        case .completed: completed += 1
        case .failed: failed += 1
        case .crashed: crashed += 1
        case .deferred: deferred += 1
        case .interrupted, nil: released += 1
        }
    }

    /// So many that were counted as given back had been cancelled or taken away.
    mutating func took(_ count: Int) {
        released -= count
        taken += count
    }
}

// MARK: - Files

extension WorkerStatus {
    private static let suffix = ".status"
    /// Larger than any that is written.
    private static let largest = 64 << 10

    /// Puts it in the place of the last one, in one step; a file that can't be written is left as it is.
    package func write(in directory: String) {
        let path = Self.path(of: worker, in: directory)
        let draft = path + ".new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { return }
        let bytes = canonicalBytes()
        let isWhole = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) } == bytes.count
        close(file)
        if !isWhole || rename(draft, path) != 0 { unlink(draft) }
    }

    package static func remove(_ worker: WorkerID, in directory: String) {
        unlink(path(of: worker, in: directory))
    }

    /// What the living workers of a store do, by worker; removes what others left behind.
    package static func all(in directory: String) -> [WorkerStatus] {
        names(in: directory).compactMap { name in
            guard let worker = WorkerID(rawValue: String(name.dropLast(suffix.count))) else { return nil }
            guard !WorkerLock.isGone(worker, in: directory) else {
                remove(worker, in: directory)
                return nil
            }
            return read(path(of: worker, in: directory))
        }
    }

    private static func names(in directory: String) -> [String] {
        (DirectoryEntries.names(in: directory) ?? []).filter { $0.hasSuffix(suffix) }
    }

    private static func read(_ path: String) -> WorkerStatus? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let bytes = [UInt8](unsafeUninitializedCapacity: largest) { buffer, count in
            count = max(0, Glibc.read(file, buffer.baseAddress, buffer.count))
        }
        return try? WorkerStatus(canonicalBytes: bytes)
    }

    private static func path(of worker: WorkerID, in directory: String) -> String {
        directory + "/" + worker.rawValue + suffix
    }
}

// MARK: - Coding

extension WorkerStatus: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("draining", isDraining)
        writer.field("jobs", jobs)
        writer.field("kinds", kinds)
        writer.optionalField("next", next)
        writer.field("pools", pools)
        writer.field("running", running)
        writer.field("slots", slots)
        writer.field("tally", tally)
        writer.field("time", time)
        writer.field("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        isDraining = try reader.field("draining")
        jobs = try reader.field("jobs")
        kinds = try reader.field("kinds")
        next = try reader.optionalField("next")
        pools = try reader.field("pools")
        running = try reader.field("running")
        slots = try reader.field("slots")
        tally = try reader.field("tally")
        time = try reader.field("time")
        worker = try reader.field("worker")
        try reader.endObject()
    }
}

extension WorkerStatus.Running: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("job", job)
        writer.field("kind", kind)
        writer.optionalField("message", message)
        writer.optionalField("progress", progress)
        writer.field("queue", queue)
        writer.field("since", since)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.field("attempt")
        job = try reader.field("job")
        kind = try reader.field("kind")
        message = try reader.optionalField("message")
        progress = try reader.optionalField("progress")
        queue = try reader.field("queue")
        since = try reader.field("since")
        try reader.endObject()
    }
}

extension WorkerStatus.Pool: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("crashes", crashes)
        writer.field("kind", kind)
        writer.optionalField("lastCrash", lastCrash)
        writer.optionalField("least", least)
        writer.optionalField("medianDuration", medianDuration)
        writer.optionalField("memoryBudget", memoryBudget)
        writer.optionalField("memoryPerJob", memoryPerJob)
        writer.optionalField("most", most)
        writer.optionalField("notBefore", notBefore)
        writer.optionalField("pause", pause)
        writer.optionalField("ready", ready)
        writer.field("running", running)
        writer.optionalField("target", target)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        crashes = try reader.field("crashes")
        kind = try reader.field("kind")
        lastCrash = try reader.optionalField("lastCrash")
        least = try reader.optionalField("least")
        let median: Int? = try reader.optionalField("medianDuration")
        medianDuration = median.map { Microseconds(Int64($0)) }
        memoryBudget = try reader.optionalField("memoryBudget")
        memoryPerJob = try reader.optionalField("memoryPerJob")
        most = try reader.optionalField("most")
        notBefore = try reader.optionalField("notBefore")
        pause = try reader.optionalField("pause")
        ready = try reader.optionalField("ready")
        running = try reader.field("running")
        target = try reader.optionalField("target")
        try reader.endObject()
    }
}

extension QueueTally: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("completed", completed)
        writer.field("crashed", crashed)
        writer.field("deferred", deferred)
        writer.field("failed", failed)
        writer.field("released", released)
        writer.field("taken", taken)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        completed = try reader.field("completed")
        crashed = try reader.field("crashed")
        deferred = try reader.field("deferred")
        failed = try reader.field("failed")
        released = try reader.field("released")
        taken = try reader.field("taken")
        try reader.endObject()
    }
}
