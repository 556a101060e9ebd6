package import CanonicalJSON
package import Determinism
package import EventLog
package import Jobs

/// What the queues of a store look like at one moment.
package struct TopFrame: Sendable {
    /// Something that went wrong with a job.
    package struct Failure: Equatable, Sendable {
        package let position: Position
        package let time: Timestamp
        package let job: JobID
        package let queue: String
        package let kind: String
        /// The class of the failure, or `crash` or `lostLease`.
        package let `class`: String
        package let message: String
        /// Whether the job failed for good.
        package let isFinal: Bool
    }

    /// How fast something changes, since the frame before.
    package struct Rate: Equatable, Sendable {
        /// Jobs that ended, a second.
        package let done: Double
        /// Jobs that were submitted, a second.
        package let submitted: Double

        package init(done: Double, submitted: Double) {
            self.done = done
            self.submitted = submitted
        }
    }

    package let time: Timestamp
    /// How many events the log has.
    package let events: Int
    package let queues: [QueueAnswer]
    /// Those that live.
    package let workers: [WorkerAnswer]
    /// The latest first.
    package let failures: [Failure]
    /// Jobs whose workers give no sign.
    package let lost: [LostJobs]
    /// By queue; empty in the first frame.
    package var rates: [String: Rate] = [:]
    /// Events a second; nil in the first frame.
    package var eventRate: Double?
    /// Attempts that ended a second, by worker; empty in the first frame.
    package var workerRates: [WorkerID: Double] = [:]

    package init(
        time: Timestamp, events: Int, queues: [QueueAnswer], workers: [WorkerAnswer], failures: [Failure],
        lost: [LostJobs] = []
    ) {
        self.time = time
        self.events = events
        self.queues = queues
        self.workers = workers
        self.failures = failures
        self.lost = lost
    }

    /// How many jobs stand where, over all queues.
    package var counts: QueueCounts { queues.reduce(QueueCounts()) { $0 + $1.summary.counts } }

    /// All rates together.
    package var rate: Rate? {
        rates.isEmpty
            ? nil
            : Rate(
                done: rates.values.reduce(0) { $0 + $1.done }, submitted: rates.values.reduce(0) { $0 + $1.submitted })
    }

    /// The frame with rates, given the one before it.
    ///
    /// A job that an operator wants done after all hasn't ended any more; what would be negative is 0.
    package func following(_ before: TopFrame) -> TopFrame {
        let seconds = (time - before.time).seconds
        guard seconds > 0 else { return self }
        func rate(_ now: Int, _ then: Int) -> Double { Double(max(0, now - then)) / seconds }
        var frame = self
        frame.eventRate = rate(events, before.events)
        let known = Dictionary(before.queues.map { ($0.name, $0.summary) }) { first, _ in first }
        for queue in queues {
            let (now, then) = (queue.summary, known[queue.name] ?? QueueSummary())
            frame.rates[queue.name] = Rate(
                done: rate(now.counts.ended + now.pruned, then.counts.ended + then.pruned),
                submitted: rate(now.counts.total + now.pruned, then.counts.total + then.pruned))
        }
        let tallies = Dictionary(before.workers.map { ($0.id, $0.status?.tally.done ?? 0) }) { first, _ in first }
        for worker in workers {
            guard let done = worker.status?.tally.done, let then = tallies[worker.id] else { continue }
            frame.workerRates[worker.id] = rate(done, then)
        }
        return frame
    }
}

extension TopFrame: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("eventRate", eventRate)
        writer.field("events", events)
        writer.field("failures", failures)
        writer.field("lost", lost)
        writer.field("queues") { writer in
            writer.beginArray()
            for queue in queues { writer.element(Rated(row: queue, rates[queue.name]?.fields ?? [])) }
            writer.endArray()
        }
        writer.field("time", time)
        writer.field("workers") { writer in
            writer.beginArray()
            for worker in workers {
                writer.element(Rated(row: worker, workerRates[worker.id].map { [("doneRate", .number($0))] } ?? []))
            }
            writer.endArray()
        }
        writer.endObject()
    }

    /// A row with its rates among its fields.
    private struct Rated<Row: CanonicalEncodable & Sendable>: CanonicalEncodable {
        private let row: QueryRow<Row>

        init(row: Row, _ rates: [(name: String, value: JSONValue)]) { self.row = QueryRow(rates, row) }

        func encode(to writer: inout CanonicalWriter) { row.encode(to: &writer) }
    }
}

extension TopFrame.Rate {
    fileprivate var fields: [(name: String, value: JSONValue)] {
        [("doneRate", .number(done)), ("submittedRate", .number(submitted))]
    }
}

extension TopFrame.Failure: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("class", `class`)
        writer.field("final", isFinal)
        writer.field("job", job)
        writer.field("kind", kind)
        writer.field("message", message)
        writer.field("position", position)
        writer.field("queue", queue)
        writer.field("time", time)
        writer.endObject()
    }
}
