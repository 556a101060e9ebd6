package import CanonicalJSON
package import Determinism
package import EventLog
package import Jobs
import Projections

extension Queries {
    /// Everything about one job of a queue.
    package struct QueueJobHistory: Sendable {
        package let job: QueueJobAnswer
        /// Why it isn't being done; empty for one that has ended, or runs in a worker that gives signs of life.
        package let why: [String]
        package let input: JSONValue
        /// Nil until it is completed.
        package let result: JSONValue?
        package let parents: [Relative]
        /// Those that wait or waited for it; some, where there are many.
        package let children: [Relative]
        package let events: [JobMoment]
        /// The key that no other job may have with its conditions, as the submission says them; nil without one.
        package let unique: JSONValue?
        /// What its submission was called.
        package let submission: String?
    }

    /// A parent or a child of a job.
    package struct Relative: Equatable, Sendable {
        package let id: JobID
        package let name: String?
        /// Nil for one whose row was dropped.
        package let state: QueueState?
        package let onFailure: ParentRange.OnFailure
    }

    /// An event of a job's stream.
    package struct JobMoment: Sendable {
        package let position: Position
        package let time: Timestamp
        package let type: EventType
        /// What it says.
        package let data: JSONValue
        /// The blobs that are kept with it, as what a program wrote to its standard error.
        package let evidence: [Digest]
    }

    /// The most relatives that are told of one by one.
    private static let mostRelatives = 100
    private static let mostParentsNamed = 5

    /// The job of a queue whose id begins so, with all there is about it; nil if there is none.
    ///
    /// An id that fits several is an error. `now` is the moment that is asked for.
    package func queueJob(_ beginning: String, at now: Timestamp) throws -> QueueJobHistory? {
        let first = try history(of: beginning, at: now)
        guard first?.job.holder == .gone else { return first }
        // A worker that ends in order records it before its lock is free: what is read after that has it.
        return try history(of: beginning, at: now)
    }

    private func history(of beginning: String, at now: Timestamp) throws -> QueueJobHistory? {
        let statuses = past == nil ? store.workerStatuses() : [:]
        return try views.query(JobQueue.self) { tables in
            guard let job = try tables.job(startingWith: beginning) else { return nil }
            let events = try events(of: job.id)
            let relatives = try relatives(of: job, tables)
            let workers = try LiveWorkers(statuses.values, tables, at: now)
            let answer = QueueJobAnswer(job, holder: lostHolder(of: job, at: now), hold: workers.hold(of: job.row))
            return QueueJobHistory(
                job: answer, why: try wait(answer, relatives.parents, tables, workers, now).reasons,
                input: events.first?.data["terms"]?["input"] ?? .object([:]),
                result: job.row.state == .completed
                    ? events.last { $0.type == JobCompleted.type }?.data["result"] : nil,
                parents: relatives.parents, children: relatives.children, events: events,
                unique: events.first?.data["terms"]?["unique"],
                submission: try tables.submission(job.row.run)?.submitID)
        }
    }

    private func events(of id: JobID) throws -> [JobMoment] {
        let end = past?.end
        return try store.log.readStream(try StreamName(category: Job.category, id: id.rawValue))
            .filter { event in end.map { event.position < $0 } ?? true }
            .map { event in
                JobMoment(
                    position: event.position, time: event.time, type: event.type,
                    data: try JSONParser.parse(event.dataBytes), evidence: try event.metadata().cause?.blobs ?? [])
            }
    }

    private func relatives(
        of job: ListedJob, _ tables: JobQueue.Tables
    ) throws -> (parents: [Relative], children: [Relative]) {
        func relative(_ id: JobID, _ onFailure: ParentRange.OnFailure) throws -> Relative {
            let row = try tables.job(id)
            return Relative(id: id, name: row?.name, state: row?.state, onFailure: onFailure)
        }
        var parents: [Relative] = []
        for range in try tables.parents(of: job.id) {
            for id in range.jobs.prefix(Self.mostRelatives - parents.count) {
                parents.append(try relative(id, range.onFailure))
            }
        }
        let children = try tables.children(of: job.id, limit: Self.mostRelatives)
            .map { try relative($0.child, $0.onFailure) }
        return (parents, children)
    }

    private func wait(
        _ job: QueueJobAnswer, _ parents: [Relative], _ tables: JobQueue.Tables, _ workers: LiveWorkers,
        _ now: Timestamp
    ) throws -> QueueWait {
        let queue = try tables.queue(job.row.queue) ?? QueueSummary()
        let serving = workers.serving(job.row.queue)
        let open = parents.compactMap { parent in
            parent.state.flatMap { state in
                state.isEnded ? nil : QueueWait.Parent(id: parent.id, name: parent.name, state: state)
            }
        }
        return QueueWait(
            job.row, queue: queue, parents: Array(open.prefix(Self.mostParentsNamed)),
            before: job.row.place == .ready ? try before(job.row, tables) : 0,
            workers: past == nil ? serving.count : nil,
            knowing: past == nil ? serving.count { $0.kinds.contains(job.row.kind) } : nil, holder: job.holder,
            hold: job.hold, now: now)
    }

    /// How many ready jobs of the same queue come first, as far as it is worth counting.
    private func before(_ row: QueueRow, _ tables: JobQueue.Tables) throws -> Int {
        var count = 0
        try tables.ready.forEach(prefix: KeyPrefix(row.queue)) { key, _ in
            guard key.position != row.position, count < QueueWait.mostBefore else { return false }
            count += 1
            return true
        }
        return count
    }
}

extension JobQueue.Tables {
    /// The job whose id begins so; nil if there is none.
    ///
    /// Throws `QueryError` when there are several. Reads no more rows than fit.
    package func job(startingWith beginning: String) throws -> ListedJob? {
        guard let first = JobID(rawValue: beginning) else { return nil }
        if let row = try job(first) { return ListedJob(id: first, row: row) }
        var fitting: [ListedJob] = []
        try jobs.forEach(from: first) { id, row in
            guard id.rawValue.hasPrefix(beginning) else { return false }
            fitting.append(ListedJob(id: id, row: row))
            return fitting.count < QueryError.mostNames
        }
        guard fitting.count <= 1 else { throw QueryError.job(beginning, fitting: fitting.map(\.id.rawValue)) }
        return fitting.first
    }
}

extension Queries.QueueJobHistory: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        var whole = QueryRow([], job)
        whole.key.append(("events", value(events)))
        whole.key.append(("input", input))
        if let result { whole.key.append(("result", result)) }
        if let submission { whole.key.append(("submission", .string(submission))) }
        if let unique { whole.key.append(("unique", unique)) }
        whole.key.append(("childJobs", value(children)))
        whole.key.append(("parentJobs", value(parents)))
        whole.key.append(("why", .array(why.map(JSONValue.string))))
        whole.encode(to: &writer)
    }

    private func value(_ list: [some CanonicalEncodable]) -> JSONValue {
        (try? JSONParser.parse(list.canonicalBytes())) ?? .array([])
    }
}

extension Queries.Relative: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("job", id)
        writer.optionalField("name", name)
        writer.field("onFailure", onFailure)
        writer.optionalField("state", state)
        writer.endObject()
    }
}

extension Queries.JobMoment: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("data", data)
        if !evidence.isEmpty { writer.field("evidence", evidence) }
        writer.field("position", position)
        writer.field("time", time)
        writer.field("type", type.text)
        writer.endObject()
    }
}
