import Calls
import CanonicalJSON
import Determinism
import EventLog
import Experiments
import Jobs
import Providers
import Scoring

/// One sample as Inspect's `EvalSample`: messages, output, scores, and an event for each recorded call.
struct InspectSample: Sendable {
    let sample: RunSample
    let run: RunID
    /// As Inspect names it.
    let model: String

    init(_ sample: RunSample, of run: RunID) {
        self.sample = sample
        self.run = run
        model = InspectParts.name(provider: sample.model.provider, model: sample.model.model)
    }

    /// The scenario; what can't be part of a file's name is left to percent signs.
    var id: String { Self.id(of: sample.scenario) }

    static func id(of scenario: Scenario) -> String {
        let id = scenario.id
        if !id.contains("/"), !id.contains("\\"), id.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) { return id }
        return String(
            decoding: id.utf8.flatMap { byte -> [UInt8] in
                let isKept = byte > 0x20 && byte != 0x7F && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "\\")
                return isKept ? [byte] : Array(("%" + Hexadecimal.text([byte])).utf8)
            }, as: UTF8.self)
    }

    /// Where Inspect looks for it in the archive.
    var fileName: String { "samples/\(id)_epoch_\(sample.sample).json" }

    /// What was used for the sample by model and by role: only what was asked for it, and not what was reused.
    var usage: (model: [String: InspectUsage], role: [String: InspectUsage]) {
        var usage: (model: [String: InspectUsage], role: [String: InspectUsage]) = ([:], [:])
        for turn in sample.turns + sample.judgings.flatMap(\.rounds)
        where turn.row.state == .answered && turn.row.reused == nil {
            let name = InspectParts.name(provider: turn.row.provider, model: turn.row.model)
            let used = InspectUsage(turn.row)
            usage.model[name] = (usage.model[name] ?? InspectUsage()) + used
            if let role = turn.row.purpose.role { usage.role[role] = (usage.role[role] ?? InspectUsage()) + used }
        }
        return usage
    }

    /// Why there is no answer; nil when there is one, or none yet.
    var failure: String? {
        guard let status = sample.status, [.failed, .skipped].contains(status.state) else { return nil }
        return [status.errorClass, status.errorMessage].compactMap { $0 }.joined(separator: ": ")
    }

    private var finished: Timestamp? {
        ([sample.turns.last?.row.finished] + sample.judgings.map { $0.rounds.last?.row.finished }).compactMap { $0 }
            .max()
    }

    /// Time spent waiting for models.
    private var working: Microseconds {
        (sample.turns + sample.judgings.flatMap(\.rounds)).reduce(.zero) { sum, turn in
            turn.row.reused == nil ? sum + (turn.row.exchange?.total ?? .zero) : sum
        }
    }

    private var total: Microseconds {
        guard let finished, let started = sample.started else { return .zero }
        return finished - started
    }

    /// The messages that were given before anything was answered.
    private var input: [InspectMessage] {
        let asked = sample.conversation
        var given: [ChatMessage] = []
        if let preamble = asked.preamble { given.append(ChatMessage(role: .system, content: preamble)) }
        if let prompt = asked.prompts.first { given.append(ChatMessage(role: .user, content: prompt)) }
        return messages(given, of: sample.job)
    }

    func messages(_ messages: [ChatMessage], of job: JobID) -> [InspectMessage] {
        messages.enumerated().map { place, message in
            InspectMessage(
                id: Self.messageID(job, place), message: message, model: message.role == .assistant ? model : nil)
        }
    }

    /// A message by its place in the conversation of a job.
    static func messageID(_ job: JobID, _ place: Int) -> String { "\(job)-\(place)" }
}

extension InspectSample: CanonicalEncodable {
    func encode(to writer: inout CanonicalWriter) {
        let usage = usage
        let conversation = messages(
            sample.isAnswered ? sample.conversation.said : sample.conversation.nextMessages ?? [], of: sample.job)
        writer.beginObject()
        writer.field("attachments", [String: String]())
        writer.optionalField("completed_at", finished?.text)
        writer.field("epoch", sample.sample)
        writer.optionalField("error", failure.map(InspectError.init))
        writer.field("events") { InspectEvents(self).encode(to: &$0) }
        writer.field("id", id)
        writer.field("input", input)
        writer.field("messages", conversation)
        writer.field("metadata") { metadata(to: &$0) }
        writer.field("model_usage", usage.model)
        writer.field("output", output)
        writer.field("role_usage", usage.role)
        writer.field("scores") { scores(to: &$0) }
        writer.optionalField("started_at", sample.started?.text)
        writer.field("store", [String: String]())
        writer.field("target", "")
        writer.field("total_time", InspectParts.seconds(total))
        writer.field("turn_count", sample.conversation.answers.count)
        writer.field("uuid", sample.job.rawValue)
        writer.field("working_time", InspectParts.seconds(working))
        writer.endObject()
    }

    private var output: InspectOutput {
        let last = sample.turns.last
        return InspectOutput(
            turn: last, messageID: Self.messageID(sample.job, last?.messages.count ?? 0), model: model)
    }

    private func metadata(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("cairn") { writer in
            writer.beginObject()
            writer.field("job", sample.job)
            writer.field("judgeJobs", sample.judgings.map(\.job))
            writer.field("model", sample.model.id)
            writer.field("run", run)
            writer.optionalField("state", sample.status?.state)
            writer.endObject()
        }
        writer.field("variables", sample.scenario.variables)
        writer.endObject()
    }

    private func scores(to writer: inout CanonicalWriter) {
        writer.beginObject()
        for judging in sample.judgings.sorted(by: { KeyText($0.judge.id) < KeyText($1.judge.id) })
        where judging.score != nil || judging.status?.state == .failed {
            writer.field(dynamic: judging.judge.id, InspectScore(judging))
        }
        writer.endObject()
    }

    /// The line of the sample in `summaries.json`, without what makes it long.
    func summary() -> [UInt8] {
        let usage = usage
        let text = sample.conversation.prompts.first ?? ""
        var writer = CanonicalWriter()
        writer.beginObject()
        writer.field("completed", sample.isAnswered || failure != nil)
        writer.optionalField("completed_at", finished?.text)
        writer.field("epoch", sample.sample)
        writer.optionalField("error", failure)
        writer.field("id", id)
        writer.field("input", String(text.prefix(1_024)))
        writer.field("message_count", sample.conversation.said.count)
        writer.field("metadata", [String: String]())
        writer.field("model_usage", usage.model)
        writer.field("role_usage", usage.role)
        writer.field("scores") { scores(to: &$0) }
        writer.optionalField("started_at", sample.started?.text)
        writer.field("target", "")
        writer.field("total_time", InspectParts.seconds(total))
        writer.field("uuid", sample.job.rawValue)
        writer.field("working_time", InspectParts.seconds(working))
        writer.endObject()
        return writer.bytes
    }
}

/// A text in the order of keys in canonical JSON: by UTF-16.
struct KeyText: Comparable {
    private let units: [UInt16]
    init(_ text: String) { units = Array(text.utf16) }
    static func < (left: KeyText, right: KeyText) -> Bool { left.units.lexicographicallyPrecedes(right.units) }
}

/// What a judge gave: the total as the value, the rest beside it.
struct InspectScore: CanonicalEncodable {
    private let judging: RunSample.Judging

    init(_ judging: RunSample.Judging) { self.judging = judging }

    /// Inspect writes a score that couldn't be had as NaN, which its reader takes.
    private static let notANumber = Array("NaN".utf8)

    func encode(to writer: inout CanonicalWriter) {
        let computed = judging.computed
        writer.beginObject()
        if let turn = judging.rounds.last, turn.row.state == .answered { writer.field("explanation", turn.answer) }
        writer.field("history", [String]())
        writer.field("metadata") { metadata(computed, to: &$0) }
        if computed == nil { writer.field("reason", "grader_failed") }
        writer.field("value") { writer in
            if let computed { writer.write(computed.total) } else { writer.writeRawValue(Self.notANumber) }
        }
        writer.endObject()
    }

    private func metadata(_ computed: ScoreComputed?, to writer: inout CanonicalWriter) {
        writer.beginObject()
        if let computed { writer.field("criteria", computed.criteria) }
        writer.field("job", judging.job)
        writer.optionalField("position", judging.score?.position)
        if case .refused(let refused)? = judging.score?.outcome {
            writer.field("refusal", refused.reason)
        } else if computed == nil {
            writer.optionalField("refusal", judging.status?.errorMessage)
        }
        writer.field("rubric", judging.judge.rubric.digest)
        writer.endObject()
    }
}
