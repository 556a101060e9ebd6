import Cairn
import CanonicalJSON
import Determinism
import EventLog
import Jobs

/// Jobs of queues for people.
enum QueueJobText {
    private static let longestRemark = 80

    /// A row a job; ages are as of `now`.
    static func layout(now: Timestamp = TimeSource.system.time()) -> TableLayout<QueueJobAnswer> {
        TableLayout<QueueJobAnswer>()
            .column("job") { $0.id.rawValue }
            .column("queue") { $0.row.queue }
            .column("kind") { $0.row.kind }
            .column("name") { $0.row.name ?? "" }
            .column("state") { $0.row.state.rawValue }
            .number("priority") { "\($0.row.priority)" }
            .number("attempts") { "\($0.attempts) of \($0.row.allowedAttempts)" }
            .number("crashes") { "\($0.row.crashes)" }
            .number("age") { Quantities.duration(microseconds: max(0, (now - $0.row.submitted).count)) }
            .number("took") { $0.took.map { Quantities.duration(microseconds: $0.count) } ?? "" }
            .column("remark") { shortened(remark(on: $0)) }
    }

    /// What is worth knowing of a job in a few words.
    private static func remark(on job: QueueJobAnswer) -> String {
        switch job.row.state {
        case .completed: ""
        case .dead: failure(job)
        case .retrying: failure(job) + (job.notBefore.map { "; again at \($0)" } ?? "")
        case .running: job.holder.map(remark) ?? progress(job.row.progress) ?? ""
        case .waiting: "for \(job.row.pending) of " + Quantities.counted(job.row.parents, "parent")
        case .scheduled:
            [job.notBefore.map { "until \($0)" }, job.row.errorMessage].compactMap(\.self).joined(separator: ": ")
        case .ready: job.hold?.summary ?? ""
        case .cancelled: job.cancelled?.rawValue ?? ""
        case .skipped: job.skipped.map { "\($0.rootClass) of job \($0.rootCause)" } ?? ""
        }
    }

    private static func remark(on holder: LostHolder) -> String {
        switch holder {
        case .gone: "its worker is gone; the next one takes it over"
        case .silent(let since): "no sign of its worker since \(since)"
        }
    }

    private static func failure(_ job: QueueJobAnswer) -> String {
        [job.row.errorClass, job.row.errorMessage].compactMap(\.self).joined(separator: ": ")
    }

    /// As in `40 %: 8 of 20 files`.
    static func progress(_ progress: QueueRow.Progress?) -> String? {
        progress.map { self.progress(thousandths: $0.thousandths, $0.message) }
    }

    static func progress(thousandths: Int, _ message: String?) -> String {
        Quantities.decimal(Double(thousandths) / 10, places: thousandths % 10 == 0 ? 0 : 1) + " %"
            + (message.map { ": \($0)" } ?? "")
    }

    /// On one line, and no longer than a table bears.
    static func shortened(_ text: String, to length: Int = longestRemark) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > length ? line.prefix(length - 1) + "…" : line
    }
}

// MARK: - One job

extension QueueJobText {
    /// Everything about one job.
    static func text(of found: Queries.QueueJobHistory) -> String {
        let width = lines(of: found).map(\.0.count).max() ?? 0
        let facts = lines(of: found).map { name, text in
            Terminal.bold(name) + String(repeating: " ", count: width - name.count + 2) + text + "\n"
        }
        let history = TableLayout<Queries.JobMoment>()
            .column("time") { $0.time.text }
            .column("event") { $0.type.text }
            .column("what") { words(on: $0) }
        return facts.joined() + "\n" + history.table(found.events).rendered(bold: Terminal.bold)
    }

    private static func lines(of found: Queries.QueueJobHistory) -> [(String, String)] {
        let (job, row) = (found.job, found.job.row)
        var lines: [(String, String)] = [
            ("job", job.id.rawValue + (row.name.map { " (\($0))" } ?? "")),
            ("state", row.state.rawValue),
        ]
        lines += found.why.map { ("why", $0) }
        lines += [
            ("kind", row.kind), ("queue", "\(row.queue), priority \(row.priority)"),
            ("submitted", row.submitted.text + (found.submission.map { " in \($0)" } ?? "")),
            (
                "attempts",
                "\(job.attempts) of \(row.allowedAttempts); crashes \(row.crashes), deferrals \(row.deferrals)"
                    + (row.lateResults > 0 ? ", late answers \(row.lateResults)" : "")
            ),
        ]
        func add(_ name: String, _ text: String?) { if let text, !text.isEmpty { lines.append((name, text)) } }
        add("tags", row.labels.dictionary.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: ", "))
        add("worker", row.worker.map { "\($0)" + (job.leaseDeadline.map { ", leased until \($0)" } ?? "") })
        add("started", row.started?.text)
        add("progress", row.state == .running ? progress(row.progress) : nil)
        add("finished", row.finished?.text)
        add("took", job.took.map { Quantities.duration(microseconds: $0.count) })
        add("not before", job.notBefore?.text)
        add("deadline", row.deadline?.text)
        add("timeout", row.timeout.map { Quantities.duration(microseconds: $0.count) })
        add("error", failure(job))
        add("skipped", job.skipped.map { "\($0.rootClass) of job \($0.rootCause)" })
        add("cancelled", job.cancelled?.rawValue)
        add("unique key", found.unique.map(unique))
        add("parents", relatives(found.parents, of: row.parents, withEdges: true))
        add("children", relatives(found.children, of: row.children, withEdges: false))
        add("input", text(found.input))
        add("result", found.result.map(text))
        return lines
    }

    private static func relatives(_ some: [Queries.Relative], of all: Int, withEdges: Bool) -> String {
        let named = some.prefix(10).map { job in
            let edge = withEdges && job.onFailure != .fail ? ", on failure \(job.onFailure.rawValue)" : ""
            return "\(job.name ?? job.id.rawValue) (\(job.state?.rawValue ?? "no longer kept")\(edge))"
        }
        return named.joined(separator: ", ") + (all > named.count ? " and \(all - named.count) more" : "")
    }

    /// As in `ingest-7 (among queue, hold untilFinished, on conflict reject)`.
    private static func unique(_ unique: JSONValue) -> String {
        func word(_ name: String) -> String { unique[name]?.string ?? "" }
        let hold = unique["length"]?.int.map { Quantities.duration(microseconds: Int64($0)) } ?? word("hold")
        return "\(word("key")) (among \(word("scope")), hold \(hold), on conflict \(word("onConflict")))"
    }

    private static func text(_ value: JSONValue) -> String { String(decoding: value.canonicalBytes(), as: UTF8.self) }

    /// The members of an event that people want to see, in the order in which they are told.
    private static func words(on moment: Queries.JobMoment) -> String {
        let data = moment.data
        var words: [String] = []
        if let queue = data["lane"]?.string { words.append("queue \(queue)") }
        if let attempt = data["attempt"]?.int { words.append("attempt \(attempt)") }
        for name in ["by", "worker", "reason", "class", "provider", "rootClass", "message", "note"] {
            if let text = data[name]?.string { words.append(name == "message" ? text : "\(name) \(text)") }
        }
        if let budget = data["budget"], let provider = budget["provider"]?.string, let wait = budget["wait"]?.int {
            let length = Quantities.duration(microseconds: Int64(wait))
            words.append(wait == 0 ? "provider \(provider)" : "held back \(length) by the budget of \(provider)")
        }
        if let cause = data["rootCause"]?.string { words.append("of job \(cause)") }
        if data["final"] == true { words.append("final") }
        if let thousandths = data["thousandths"]?.int { words.append(progress(thousandths: thousandths, nil)) }
        for (name, word) in [("deadline", "until"), ("notBefore", "not before")] {
            if let time = data[name]?.int {
                words.append("\(word) \(Timestamp(microseconds: Int64(time)).text)")
            }
        }
        if !moment.evidence.isEmpty {
            words.append("evidence " + moment.evidence.map { String($0.hex.prefix(12)) }.joined(separator: " "))
        }
        return shortened(words.joined(separator: ", "), to: 200)
    }
}
