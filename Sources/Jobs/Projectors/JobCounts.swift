package import CanonicalJSON

/// How many jobs of a run stand where; the sum is the number of jobs submitted.
package struct JobCounts: Equatable, Sendable {
    package var completed = 0
    package var failed = 0
    package var ready = 0
    package var retrying = 0
    package var running = 0
    package var skipped = 0
    /// Jobs that somebody must write an event for: a retry to decide, or a skip.
    package var unsettled = 0
    package var waiting = 0

    package init() {}

    /// All jobs of the run.
    package var total: Int { finished + outstanding }
    /// Jobs that nothing more will happen to by itself.
    package var finished: Int { completed + failed + skipped }
    /// Jobs that are still to be worked on.
    package var outstanding: Int { ready + retrying + running + unsettled + waiting }

    subscript(kind: WritableKeyPath<JobCounts, Int>) -> Int {
        get { self[keyPath: kind] }
        set { self[keyPath: kind] = newValue }
    }
}

extension QueuedJob.Place {
    /// Where it is counted.
    var kind: WritableKeyPath<JobCounts, Int> {
        switch self {
        case .waiting: \.waiting
        case .ready: \.ready
        case .retrying: \.retrying
        case .undecided, .doomed: \.unsettled
        case .running: \.running
        case .failed: \.failed
        case .skipped: \.skipped
        }
    }
}

extension JobCounts: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("completed", completed)
        writer.field("failed", failed)
        writer.field("ready", ready)
        writer.field("retrying", retrying)
        writer.field("running", running)
        writer.field("skipped", skipped)
        writer.field("unsettled", unsettled)
        writer.field("waiting", waiting)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        completed = try reader.field("completed")
        failed = try reader.field("failed")
        ready = try reader.field("ready")
        retrying = try reader.field("retrying")
        running = try reader.field("running")
        skipped = try reader.field("skipped")
        unsettled = try reader.field("unsettled")
        waiting = try reader.field("waiting")
        try reader.endObject()
    }
}
