import Cairn
import Determinism
import Jobs

/// A frame of `cairn top` for people.
enum TopText {
    private static let mostWorkers = 12
    private static let mostJobs = 8

    static func text(of frame: TopFrame, store: String) -> String {
        let parts = [
            head(frame, store), queues(frame), workers(frame), lost(frame), pools(frame), jobs(frame), failures(frame),
        ]
        return parts.compactMap(\.self).joined(separator: "\n")
    }

    private static func head(_ frame: TopFrame, _ store: String) -> String {
        let counts = frame.counts
        var parts = [
            "cairn top", store, frame.time.text, "\(Quantities.grouped(counts.unfinished)) to do",
            "\(Quantities.grouped(counts.running)) running", Quantities.counted(frame.workers.count, "worker"),
        ]
        if let rate = frame.rate { parts.append("\(number(rate.done)) done/s · \(number(rate.submitted)) in/s") }
        if let events = frame.eventRate { parts.append("\(number(events)) events/s") }
        return Terminal.bold(parts.joined(separator: " · ")) + "\n"
    }

    private static func queues(_ frame: TopFrame) -> String {
        guard !frame.queues.isEmpty else { return "no queues yet\n" }
        let rates = frame.rates
        return TableLayout<QueueAnswer>()
            .column("queue") { $0.name }
            .column("standing") { $0.standing }
            .number("ready") { Quantities.grouped($0.summary.counts.ready) }
            .number("running") { QueueText.running($0) }
            .number("later") { Quantities.grouped($0.summary.counts.scheduled + $0.summary.counts.retrying) }
            .number("waiting") { Quantities.grouped($0.summary.counts.waiting) }
            .number("completed") { Quantities.grouped($0.summary.counts.completed) }
            .number("dead") { Quantities.grouped($0.summary.counts.dead) }
            .number("done/s") { rates[$0.name].map { number($0.done) } ?? "" }
            .number("in/s") { rates[$0.name].map { number($0.submitted) } ?? "" }
            .column("oldest ready") { QueueText.oldest($0) }
            .column("remark") { QueueText.remark(on: $0) }
            .table(frame.queues).rendered(bold: Terminal.bold)
    }

    private static func workers(_ frame: TopFrame) -> String {
        guard !frame.workers.isEmpty else { return "no worker is here\n" }
        let rates = frame.workerRates
        return TableLayout<WorkerAnswer>()
            .column("worker") { String($0.id.rawValue.prefix(10)) }
            .column("host") { $0.row.host }
            .number("process") { "\($0.row.process)" }
            .column("state") { $0.standing.rawValue }
            .number("running") { running($0) }
            .number("done") { $0.status.map { Quantities.grouped($0.tally.completed) } ?? "" }
            .number("failed") { $0.status.map { Quantities.grouped($0.tally.failed) } ?? "" }
            .number("crashed") { $0.status.map { Quantities.grouped($0.tally.crashed) } ?? "" }
            .number("attempts/s") { rates[$0.id].map(number) ?? "" }
            .column("queues") { $0.row.queues.isEmpty ? "all" : $0.row.queues.joined(separator: ", ") }
            .column("kinds") { $0.status?.kinds.joined(separator: ", ") ?? "" }
            .table(Array(frame.workers.prefix(mostWorkers))).rendered(bold: Terminal.bold)
    }

    private static func running(_ worker: WorkerAnswer) -> String {
        let slots = Quantities.grouped(worker.row.concurrency)
        return worker.status.map { "\(Quantities.grouped($0.running)) of \(slots)" } ?? slots
    }

    /// Whose jobs count as running, though they give no sign; nil when all do.
    private static func lost(_ frame: TopFrame) -> String? {
        if frame.lost.isEmpty { return nil }
        return frame.lost.map { lost in
            Quantities.counted(lost.jobs, "job")
                + (lost.jobs == 1 ? " counts as running: " : " count as running: ")
                + lost.holder.reason(
                    "worker \(lost.worker)", leasedUntil: lost.leaseDeadline, now: frame.time,
                    them: lost.jobs == 1 ? "it" : "them") + "\n"
        }.joined()
    }

    /// How many jobs of a kind run in which worker, and why as many; nil where no kind has places of its own.
    private static func pools(_ frame: TopFrame) -> String? {
        let pools = frame.workers.prefix(mostWorkers).flatMap { worker in
            (worker.status?.pools ?? []).map { (worker: worker.id, pool: $0) }
        }
        guard !pools.isEmpty else { return nil }
        return TableLayout<(worker: WorkerID, pool: WorkerStatus.Pool)>()
            .column("places for") { $0.pool.kind }
            .column("worker") { String($0.worker.rawValue.prefix(10)) }
            .number("running") { place in
                Quantities.grouped(place.pool.running)
                    + (place.pool.target.map { " of \(Quantities.grouped($0))" } ?? "")
            }
            .number("least") { $0.pool.least.map(Quantities.grouped) ?? "" }
            .number("most") { $0.pool.most.map(Quantities.grouped) ?? "" }
            .number("ready") { $0.pool.ready.map(Quantities.grouped) ?? "" }
            .number("median") { $0.pool.medianDuration.map { Quantities.duration(microseconds: $0.count) } ?? "" }
            .column("memory") { memory(of: $0.pool) }
            .number("crashes") { Quantities.grouped($0.pool.crashes) }
            .column("remark") { place in
                QueueJobText.shortened(
                    place.pool.pause.map { "paused here: \($0)" }
                        ?? place.pool.notBefore.map { time in
                            "not before \(time)" + (place.pool.lastCrash.map { ": \($0)" } ?? "")
                        } ?? "")
            }
            .table(pools).rendered(bold: Terminal.bold)
    }

    /// As in `512.0 MB each of 8.00 GB`.
    private static func memory(of pool: WorkerStatus.Pool) -> String {
        pool.memoryPerJob.map { each in
            Quantities.bytes(each) + " each" + (pool.memoryBudget.map { " of \(Quantities.bytes($0))" } ?? "")
        } ?? ""
    }

    /// The jobs that have run the longest; nil when none does.
    private static func jobs(_ frame: TopFrame) -> String? {
        let jobs = frame.workers.flatMap { $0.status?.jobs ?? [] }
            .sorted { ($0.since, $0.job) < ($1.since, $1.job) }
        guard !jobs.isEmpty else { return nil }
        return TableLayout<WorkerStatus.Running>()
            .column("job") { $0.job.rawValue }
            .column("queue") { $0.queue }
            .column("kind") { $0.kind }
            .number("attempt") { "\($0.attempt)" }
            .number("runs") { Quantities.duration(microseconds: max(0, (frame.time - $0.since).count)) }
            .column("progress") { job in
                job.progress.map { QueueJobText.shortened(QueueJobText.progress(thousandths: $0, job.message)) } ?? ""
            }
            .table(Array(jobs.prefix(mostJobs))).rendered(bold: Terminal.bold)
    }

    private static func failures(_ frame: TopFrame) -> String? {
        guard !frame.failures.isEmpty else { return nil }
        return TableLayout<TopFrame.Failure>()
            .column("failed") { $0.time.text }
            .column("job") { $0.job.rawValue }
            .column("queue") { $0.queue }
            .column("kind") { $0.kind }
            .column("class") { $0.class + ($0.isFinal ? ", dead" : "") }
            .column("message") { QueueJobText.shortened($0.message) }
            .table(frame.failures).rendered(bold: Terminal.bold)
    }

    private static func number(_ rate: Double) -> String {
        rate < 10 ? Quantities.decimal(rate, places: 1) : Quantities.grouped(Int(rate.rounded()))
    }
}
