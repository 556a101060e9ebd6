import Calls
import CanonicalJSON
import Determinism
import EventLog
import Experiments
import Jobs
import Providers

/// The events of a sample: each recorded call of the probe, then, in a span of its own, each judge's.
struct InspectEvents: CanonicalEncodable {
    private let document: InspectSample
    private let began: Timestamp

    init(_ document: InspectSample) {
        self.document = document
        began = document.sample.started ?? Timestamp(microseconds: 0)
    }

    func encode(to writer: inout CanonicalWriter) {
        let sample = document.sample
        writer.beginArray()
        for turn in sample.turns {
            writer.element { model(turn, job: sample.job, span: nil, to: &$0) }
        }
        if let failure = document.failure {
            writer.element { error(failure, at: sample.status?.finished ?? began, to: &$0) }
        }
        for judging in sample.judgings where !judging.rounds.isEmpty {
            let first = judging.rounds[0].row.started
            let last = judging.rounds.last?.row.finished ?? first
            let span = judging.job.rawValue
            writer.element { beginSpan(span, name: judging.judge.id, at: first, to: &$0) }
            for round in judging.rounds { writer.element { model(round, job: judging.job, span: span, to: &$0) } }
            if judging.score != nil || judging.status?.state == .failed {
                writer.element { score(judging, span, at: last, to: &$0) }
            }
            writer.element { endSpan(span, at: last, to: &$0) }
        }
        writer.endArray()
    }

    private func working(_ time: Timestamp) -> Double { InspectParts.seconds(max(.zero, time - began)) }

    private func model(_ turn: AskedTurn, job: JobID, span: String?, to writer: inout CanonicalWriter) {
        let row = turn.row
        let name = InspectParts.name(provider: row.provider, model: row.model)
        writer.beginObject()
        if row.reused != nil { writer.field("cache", "read") }
        if let request = Self.object(turn.request) { writer.field("call") { call(turn, request, to: &$0) } }
        writer.optionalField("completed", row.finished?.text)
        writer.field("config", InspectConfig(parameters: ChatParameters()))
        writer.optionalField("error", row.state == .answered ? nil : row.errorClass)
        writer.field("event", "model")
        writer.field("input", document.messages(turn.messages, of: job))
        writer.field("metadata") { metadata(turn, to: &$0) }
        writer.field("model", name)
        writer.field(
            "output",
            InspectOutput(turn: turn, messageID: InspectSample.messageID(job, turn.messages.count), model: name))
        if let id = turn.result?.requestID {
            writer.field("request_ids") { writer in
                writer.beginArray()
                writer.element { writer in
                    writer.beginObject()
                    writer.field("header", Self.header(with: id, in: row.exchange?.headers ?? [:]))
                    writer.field("id", id)
                    writer.field("status", row.exchange?.status ?? 0)
                    writer.endObject()
                }
                writer.endArray()
            }
        }
        if row.attempts > 1 { writer.field("retries", row.attempts - 1) }
        writer.optionalField("role", row.purpose.role)
        writer.optionalField("span_id", span)
        writer.field("timestamp", row.started.text)
        writer.field("tool_choice", "none")
        writer.field("tools", [String]())
        writer.field("uuid", row.call)
        writer.field("working_start", working(row.started))
        writer.optionalField("working_time", row.exchange.map { InspectParts.seconds($0.total) })
        writer.endObject()
    }

    private func call(_ turn: AskedTurn, _ request: [UInt8], to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("request") { $0.writeRawValue(request) }
        if let response = Self.object(turn.response) {
            writer.field("response") { $0.writeRawValue(response) }
        } else if let response = turn.response {
            writer.field("response", ["body": String(decoding: response, as: UTF8.self)])
        }
        writer.optionalField("time", turn.row.exchange.map { InspectParts.seconds($0.total) })
        writer.endObject()
    }

    /// The name of the header that had the id.
    private static func header(with id: String, in headers: [String: String]) -> String {
        headers.keys.sorted().first { headers[$0] == id } ?? "request-id"
    }

    /// The bytes if they are a JSON object, as they came.
    private static func object(_ bytes: [UInt8]?) -> [UInt8]? {
        guard let bytes, case .object? = try? JSONParser.parse(bytes) else { return nil }
        return bytes
    }

    private func metadata(_ turn: AskedTurn, to writer: inout CanonicalWriter) {
        let row = turn.row
        writer.beginObject()
        writer.field("adapter", row.adapter)
        writer.field("call", row.call)
        writer.field("position", turn.position)
        writer.field("request", row.request)
        if turn.requestState != .present { writer.field("requestState", turn.requestState) }
        writer.optionalField("response", row.exchange?.body)
        if let state = turn.responseState, state != .present { writer.field("responseState", state) }
        writer.optionalField("reused", row.reused)
        if row.unknown > 0 { writer.field("unknownOutcomes", row.unknown) }
        writer.endObject()
    }

    private func beginSpan(_ id: String, name: String, at time: Timestamp, to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("event", "span_begin")
        writer.field("id", id)
        writer.field("name", name)
        writer.field("span_id", id)
        writer.field("timestamp", time.text)
        writer.field("type", "scorer")
        writer.field("working_start", working(time))
        writer.endObject()
    }

    private func endSpan(_ id: String, at time: Timestamp, to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("event", "span_end")
        writer.field("id", id)
        writer.field("span_id", id)
        writer.field("timestamp", time.text)
        writer.field("working_start", working(time))
        writer.endObject()
    }

    private func score(
        _ judging: RunSample.Judging, _ span: String, at time: Timestamp, to writer: inout CanonicalWriter
    ) {
        writer.beginObject()
        writer.field("event", "score")
        writer.field("intermediate", false)
        writer.field("score", InspectScore(judging))
        writer.field("scorer", judging.judge.id)
        writer.field("span_id", span)
        writer.field("timestamp", time.text)
        writer.field("working_start", working(time))
        writer.endObject()
    }

    private func error(_ message: String, at time: Timestamp, to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("error", InspectError(message: message))
        writer.field("event", "error")
        writer.field("timestamp", time.text)
        writer.field("working_start", working(time))
        writer.endObject()
    }
}
