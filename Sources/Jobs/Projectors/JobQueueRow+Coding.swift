package import CanonicalJSON
import Determinism
import EventLog

/// The row in JSON: what is as it is for most jobs is left out, since each event of a job writes the row anew.
extension QueueRow: CanonicalCodable {
    private static let noLabels = CanonicalTexts([:])

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("at", position)
        writer.optionalCount("children", children)
        writer.optionalCount("crashes", crashes)
        writer.optionalField("deadline", deadline)
        writer.optionalCount("deferrals", deferrals)
        writer.optionalField("dueSkip", dueSkip)
        writer.optionalField("error", errorClass)
        writer.optionalCount("failed", failed)
        writer.optionalCount("failures", failures)
        writer.optionalField("finished", finished)
        writer.optionalCount("hangs", hangs)
        writer.optionalField("heldBackBy", heldBackBy)
        if join != .allSuccess { writer.field("join", join) }
        writer.optionalCount("keyTurns", keyTurns)
        writer.field("kind", kind)
        if labels != Self.noLabels { writer.field("labels", labels) }
        if lastPosition != position { writer.field("last", lastPosition) }
        writer.optionalCount("late", lateResults)
        if let leased, leased != turned { writer.field("leased", leased) }
        writer.field("max", maxAttempts)
        writer.optionalField("message", errorMessage)
        writer.optionalField("name", name)
        writer.optionalField("notBefore", notBefore)
        writer.optionalCount("parents", parents)
        writer.optionalCount("pending", pending)
        writer.optionalCount("priority", priority)
        writer.optionalField("progress", progress?.thousandths)
        writer.optionalField("progressMessage", progress?.message)
        writer.field("queue", queue)
        writer.optionalCount("ranges", ranges)
        if revision != .first { writer.field("revision", revision) }
        writer.field("run", run)
        if spent != failures { writer.field("spent", spent) }
        encodeStage(to: &writer)
        writer.optionalField("started", started)
        writer.field("submitted", submitted)
        writer.optionalField("timeout", timeout)
        if turned != lastPosition { writer.field("turned", turned) }
        encodeUntil(to: &writer)
        writer.optionalField("worker", worker)
        writer.endObject()
    }

    /// The stage's name and what goes with it alone; its times follow under `until`.
    private func encodeStage(to writer: inout CanonicalWriter) {
        switch stage {
        case .ready: break
        case .undecided: writer.field("stage", StageName.undecided)
        case .retrying: writer.field("stage", StageName.retrying)
        case .deferred: writer.field("stage", StageName.deferred)
        case .leased: writer.field("stage", StageName.leased)
        case .completed: writer.field("stage", StageName.completed)
        case .failed: writer.field("stage", StageName.failed)
        case .cancelled(let reason):
            writer.field("stage", StageName.cancelled)
            writer.field("stageReason", reason)
        case .skipped(let skipped):
            writer.field("stage", StageName.skipped)
            writer.field("stageSkip", skipped)
        }
    }

    private func encodeUntil(to writer: inout CanonicalWriter) {
        switch stage {
        case .retrying(let time), .deferred(let time): writer.field("until", time)
        case .leased(let lease): writer.field("until", lease.deadline)
        case .ready, .undecided, .completed, .failed, .cancelled, .skipped: break
        }
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        position = try reader.field("at")
        children = try reader.count("children")
        crashes = try reader.count("crashes")
        deadline = try reader.optionalField("deadline")
        deferrals = try reader.count("deferrals")
        dueSkip = try reader.optionalField("dueSkip")
        errorClass = try reader.optionalField("error")
        failed = try reader.count("failed")
        failures = try reader.count("failures")
        finished = try reader.optionalField("finished")
        hangs = try reader.count("hangs")
        heldBackBy = try reader.optionalField("heldBackBy")
        join = try reader.optionalField("join") ?? .allSuccess
        keyTurns = try reader.count("keyTurns")
        kind = try reader.field("kind")
        labels = try reader.optionalField("labels") ?? Self.noLabels
        lastPosition = try reader.optionalField("last") ?? position
        lateResults = try reader.count("late")
        let leased: Position? = try reader.optionalField("leased")
        maxAttempts = try reader.field("max")
        errorMessage = try reader.optionalField("message")
        name = try reader.optionalField("name")
        notBefore = try reader.optionalField("notBefore")
        parents = try reader.count("parents")
        pending = try reader.count("pending")
        priority = try reader.count("priority")
        let thousandths: Int? = try reader.optionalField("progress")
        let progressMessage: String? = try reader.optionalField("progressMessage")
        progress = thousandths.map { Progress(message: progressMessage, thousandths: $0) }
        queue = try reader.field("queue")
        ranges = try reader.count("ranges")
        revision = try reader.optionalField("revision") ?? .first
        run = try reader.field("run")
        spent = try reader.optionalField("spent") ?? failures
        let stageReader = try StageReader(from: &reader)
        started = try reader.optionalField("started")
        submitted = try reader.field("submitted")
        timeout = try reader.optionalLength("timeout")
        turned = try reader.optionalField("turned") ?? lastPosition
        let until: Timestamp? = try reader.optionalField("until")
        worker = try reader.optionalField("worker")
        stage = try stageReader.stage(
            attempt: failures + 1, errorClass: errorClass, until: until, worker: worker, &reader)
        if case .leased = stage { self.leased = leased ?? turned }
        try reader.endObject()
    }
}

private enum StageName: String, CanonicalCodable {
    case undecided, retrying, deferred, leased, completed, failed, cancelled, skipped
}

/// What stands of a stage in one place of the row; the rest comes later.
private struct StageReader {
    private let name: StageName?
    private let reason: JobCancelled.Reason?
    private let skipped: JobSkipped?

    init(from reader: inout CanonicalReader) throws(JSONError) {
        name = try reader.optionalField("stage")
        reason = try reader.optionalField("stageReason")
        skipped = try reader.optionalField("stageSkip")
    }

    func stage(
        attempt: Int, errorClass: String?, until: Timestamp?, worker: WorkerID?, _ reader: inout CanonicalReader
    ) throws(JSONError) -> Job.Stage {
        guard let name else { return .ready }
        switch (name, until) {
        case (.undecided, nil): return .undecided
        case (.completed, nil): return .completed
        case (.retrying, let until?): return .retrying(notBefore: until)
        case (.deferred, let until?): return .deferred(notBefore: until)
        case (.leased, let until?):
            if let worker { return .leased(Job.Lease(attempt: attempt, deadline: until, worker: worker)) }
        case (.failed, nil):
            if let errorClass { return .failed(class: errorClass) }
        case (.cancelled, nil):
            if let reason { return .cancelled(reason) }
        case (.skipped, nil):
            if let skipped { return .skipped(skipped) }
        case (.undecided, _), (.completed, _), (.retrying, _), (.deferred, _), (.leased, _), (.failed, _),
            (.cancelled, _), (.skipped, _):
            break
        }
        throw reader.error(at: reader.offset, expected: "a stage with its fields", found: "«\(name.rawValue)»")
    }
}

extension QueueRow.DueSkip: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("cause", cause)
        writer.field("skipped", skipped)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        cause = try reader.field("cause")
        skipped = try reader.field("skipped")
        try reader.endObject()
    }
}

extension CanonicalWriter {
    /// A number, left out when it is 0.
    mutating func optionalCount(_ key: StaticString, _ count: Int) {
        if count != 0 { field(key, count) }
    }
}

extension CanonicalReader {
    /// A number that is left out when it is 0.
    mutating func count(_ key: StaticString) throws(JSONError) -> Int { try optionalField(key) ?? 0 }
}
