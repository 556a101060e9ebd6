package import Determinism
package import EventLog
package import Projections

/// A job's place in one lane's order of work.
package struct LaneKey: ViewKey {
    package let run: RunID
    package let lane: String
    package let ordinal: Int
    /// Of the submission; tells jobs of one ordinal apart.
    package let position: Position

    package init(_ run: RunID, _ lane: String, _ ordinal: Int, _ position: Position) {
        self.run = run
        self.lane = lane
        self.ordinal = ordinal
        self.position = position
    }

    package func encode(to key: inout KeyWriter) {
        key.append(run)
        key.append(lane)
        key.append(ordinal)
        key.append(position)
    }

    package func mix(into hash: inout KeyHash) {
        run.mix(into: &hash)
        ordinal.mix(into: &hash)
        position.mix(into: &hash)
    }

    package init(from key: inout KeyReader) throws(KeyError) {
        run = try key.read()
        lane = try key.read()
        ordinal = try key.read()
        position = try key.read()
    }
}

/// A lane of a run.
package struct LaneName: ViewKey {
    package let run: RunID
    package let lane: String

    package init(_ run: RunID, _ lane: String) {
        self.run = run
        self.lane = lane
    }

    package func encode(to key: inout KeyWriter) {
        key.append(run)
        key.append(lane)
    }

    package init(from key: inout KeyReader) throws(KeyError) {
        run = try key.read()
        lane = try key.read()
    }
}

/// When a job of a run may be tried again.
package struct RetryKey: ViewKey {
    package let run: RunID
    package let notBefore: Timestamp
    package let position: Position

    package init(_ run: RunID, _ notBefore: Timestamp, _ position: Position) {
        self.run = run
        self.notBefore = notBefore
        self.position = position
    }

    package func encode(to key: inout KeyWriter) {
        key.append(run)
        key.append(notBefore)
        key.append(position)
    }

    package func mix(into hash: inout KeyHash) {
        run.mix(into: &hash)
        notBefore.mix(into: &hash)
        position.mix(into: &hash)
    }

    package init(from key: inout KeyReader) throws(KeyError) {
        run = try key.read()
        notBefore = try key.read()
        position = try key.read()
    }
}

/// A job of a run, by the position of its submission.
package struct RunKey: ViewKey {
    package let run: RunID
    package let position: Position

    package init(_ run: RunID, _ position: Position) {
        self.run = run
        self.position = position
    }

    package func encode(to key: inout KeyWriter) {
        key.append(run)
        key.append(position)
    }

    package func mix(into hash: inout KeyHash) {
        run.mix(into: &hash)
        position.mix(into: &hash)
    }

    package init(from key: inout KeyReader) throws(KeyError) {
        run = try key.read()
        position = try key.read()
    }
}

/// A job that a worker has.
package struct WorkerKey: ViewKey {
    package let run: RunID
    package let worker: WorkerID
    package let position: Position

    package init(_ run: RunID, _ worker: WorkerID, _ position: Position) {
        self.run = run
        self.worker = worker
        self.position = position
    }

    package func encode(to key: inout KeyWriter) {
        key.append(run)
        key.append(worker)
        key.append(position)
    }

    package func mix(into hash: inout KeyHash) {
        worker.mix(into: &hash)
        position.mix(into: &hash)
    }

    package init(from key: inout KeyReader) throws(KeyError) {
        run = try key.read()
        worker = try key.read()
        position = try key.read()
    }
}

/// A worker of a run.
package struct WorkerName: ViewKey {
    package let run: RunID
    package let worker: WorkerID

    package init(_ run: RunID, _ worker: WorkerID) {
        self.run = run
        self.worker = worker
    }

    package func encode(to key: inout KeyWriter) {
        key.append(run)
        key.append(worker)
    }

    package func mix(into hash: inout KeyHash) {
        run.mix(into: &hash)
        worker.mix(into: &hash)
    }

    package init(from key: inout KeyReader) throws(KeyError) {
        run = try key.read()
        worker = try key.read()
    }
}
