package import CanonicalJSON
package import Determinism
package import EventLog
package import Projections

/// A ready job's place in the order of its queue: the higher priority first, then the earlier submission.
package struct ReadyKey: ViewKey {
    package let queue: String
    package let priority: Int
    /// Of the submission.
    package let position: Position

    package init(_ queue: String, _ priority: Int, _ position: Position) {
        self.queue = queue
        self.priority = priority
        self.position = position
    }

    package func encode(to key: inout KeyWriter) {
        key.append(queue)
        key.append(-priority)
        key.append(position)
    }

    package func mix(into hash: inout KeyHash) { position.mix(into: &hash) }

    package init(from key: inout KeyReader) throws(KeyError) {
        queue = try key.read()
        priority = -(try key.read(Int.self))
        position = try key.read()
    }
}

/// When a job of a queue may be begun.
package struct TimedKey: ViewKey {
    package let queue: String
    package let time: Timestamp
    /// Of the submission.
    package let position: Position

    package init(_ queue: String, _ time: Timestamp, _ position: Position) {
        self.queue = queue
        self.time = time
        self.position = position
    }

    package func encode(to key: inout KeyWriter) {
        key.append(queue)
        key.append(time)
        key.append(position)
    }

    package func mix(into hash: inout KeyHash) {
        time.mix(into: &hash)
        position.mix(into: &hash)
    }

    package init(from key: inout KeyReader) throws(KeyError) {
        queue = try key.read()
        time = try key.read()
        position = try key.read()
    }
}

/// When a job must have ended.
package struct DeadlineKey: ViewKey {
    package let deadline: Timestamp
    /// Of the submission.
    package let position: Position

    package init(_ deadline: Timestamp, _ position: Position) {
        self.deadline = deadline
        self.position = position
    }

    package func encode(to key: inout KeyWriter) {
        key.append(deadline)
        key.append(position)
    }

    package func mix(into hash: inout KeyHash) { position.mix(into: &hash) }

    package init(from key: inout KeyReader) throws(KeyError) {
        deadline = try key.read()
        position = try key.read()
    }
}

/// A job that a worker has.
package struct RunningKey: ViewKey {
    package let worker: WorkerID
    /// Of the submission.
    package let position: Position

    package init(_ worker: WorkerID, _ position: Position) {
        self.worker = worker
        self.position = position
    }

    package func encode(to key: inout KeyWriter) {
        key.append(worker)
        key.append(position)
    }

    package func mix(into hash: inout KeyHash) { position.mix(into: &hash) }

    package init(from key: inout KeyReader) throws(KeyError) {
        worker = try key.read()
        position = try key.read()
    }
}

/// A job that has ended, by how.
package struct EndedKey: ViewKey {
    package let state: QueueState
    /// Of the submission.
    package let position: Position

    package init(_ state: QueueState, _ position: Position) {
        self.state = state
        self.position = position
    }

    package func encode(to key: inout KeyWriter) {
        key.append(state)
        key.append(position)
    }

    package func mix(into hash: inout KeyHash) { position.mix(into: &hash) }

    package init(from key: inout KeyReader) throws(KeyError) {
        state = try key.read()
        position = try key.read()
    }
}

/// One of the things that a job has several of, counted from 0: its children, or the ranges of its parents.
package struct EdgeKey: ViewKey {
    package let job: JobID
    package let index: Int

    package init(_ job: JobID, _ index: Int) {
        self.job = job
        self.index = index
    }

    package func encode(to key: inout KeyWriter) {
        key.append(job)
        key.append(index)
    }

    package func mix(into hash: inout KeyHash) {
        job.mix(into: &hash)
        index.mix(into: &hash)
    }

    package init(from key: inout KeyReader) throws(KeyError) {
        job = try key.read()
        index = try key.read()
    }
}

/// A child of a job, and what the job's failure does to it.
package struct QueueEdge: Equatable, Sendable, CanonicalCodable {
    package let child: JobID
    package let onFailure: ParentRange.OnFailure
    /// Which of the child's ranges of parents names the job.
    package let range: Int

    package init(child: JobID, onFailure: ParentRange.OnFailure, range: Int) {
        self.child = child
        self.onFailure = onFailure
        self.range = range
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("child", child)
        if onFailure != .fail { writer.field("onFailure", onFailure) }
        if range != 0 { writer.field("range", range) }
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        child = try reader.field("child")
        onFailure = try reader.optionalField("onFailure") ?? .fail
        range = try reader.optionalCount("range") ?? 0
        try reader.endObject()
    }
}
