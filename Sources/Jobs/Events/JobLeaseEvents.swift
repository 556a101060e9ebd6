package import CanonicalJSON
import Deciders
package import Determinism
package import EventLog

/// A worker took the job; it is that worker's until the deadline.
package struct JobLeased: EventPayload {
    package static let type = EventType("job.leased")
    package static let version = 1

    /// One more than the number of failed attempts; a lost or given back lease doesn't count as one.
    package let attempt: Int
    /// A result counts until this moment and not at it.
    package let deadline: Timestamp
    package let worker: WorkerID

    package init(attempt: Int, deadline: Timestamp, worker: WorkerID) {
        self.attempt = attempt
        self.deadline = deadline
        self.worker = worker
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("deadline", deadline)
        writer.field("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 1)
        deadline = try reader.field("deadline")
        worker = try reader.field("worker")
        try reader.endObject()
    }
}

/// The worker needs the job for longer.
package struct JobLeaseRenewed: EventPayload {
    package static let type = EventType("job.leaseRenewed")
    package static let version = 1

    package let attempt: Int
    /// Takes the place of the earlier deadline.
    package let deadline: Timestamp
    package let worker: WorkerID

    package init(attempt: Int, deadline: Timestamp, worker: WorkerID) {
        self.attempt = attempt
        self.deadline = deadline
        self.worker = worker
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("deadline", deadline)
        writer.field("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 1)
        deadline = try reader.field("deadline")
        worker = try reader.field("worker")
        try reader.endObject()
    }
}

/// The worker lost the job, which is ready again.
///
/// Derived by `jobs.leaseExpiry` from the lease or its last renewal.
package struct JobLeaseExpired: EventPayload {
    package static let type = EventType("job.leaseExpired")
    package static let version = 1

    package enum Reason: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
        /// The deadline passed while the worker, as far as anyone knew, lived.
        case deadline
        /// The worker's process had ended.
        case workerGone
    }

    package let attempt: Int
    /// How many leases of this job were lost, this one included, since it was submitted or an operator asked for it anew.
    package let crashes: Int
    /// The deadline of the lost lease.
    package let deadline: Timestamp
    package let reason: Reason
    /// Who lost it; who noticed is in the metadata.
    package let worker: WorkerID

    package init(attempt: Int, crashes: Int, deadline: Timestamp, reason: Reason, worker: WorkerID) {
        self.attempt = attempt
        self.crashes = crashes
        self.deadline = deadline
        self.reason = reason
        self.worker = worker
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("crashes", crashes)
        writer.field("deadline", deadline)
        writer.field("reason", reason)
        writer.field("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 1)
        crashes = try reader.integer("crashes", atLeast: 1)
        deadline = try reader.field("deadline")
        reason = try reader.field("reason")
        worker = try reader.field("worker")
        try reader.endObject()
    }
}

/// The worker gave the job back unfinished, since it was asked to end; nothing is spent.
package struct JobReleased: EventPayload {
    package static let type = EventType("job.released")
    package static let version = 1

    package let attempt: Int
    package let worker: WorkerID

    package init(attempt: Int, worker: WorkerID) {
        self.attempt = attempt
        self.worker = worker
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 1)
        worker = try reader.field("worker")
        try reader.endObject()
    }
}
