import Calls
import CanonicalJSON
import Determinism
import Providers

/// The parts that Inspect's documents are put together from, in the words of its log format, version 2.
///
/// Every key that `inspect log schema` requires is written, defaults included.
enum InspectParts {
    /// The name of a model as Inspect spells it.
    static func name(provider: String, model: String) -> String { provider + "/" + model }

    static func seconds(_ duration: Microseconds) -> Double { Double(duration.count) / 1_000_000 }

    static func dollars(nano: Int) -> Double { Double(nano) / 1_000_000_000 }

    static func stopReason(_ finish: FinishReason?) -> String {
        switch finish {
        case .stop: "stop"
        case .length: "max_tokens"
        case .contentFilter, .refusal: "content_filter"
        case .toolCalls: "tool_calls"
        case .error, .unknown, nil: "unknown"
        }
    }
}

/// Tokens and dollars, added up.
struct InspectUsage: Equatable, Sendable {
    private(set) var input = 0
    private(set) var output = 0
    private(set) var cacheRead: Int?
    private(set) var cacheWrite: Int?
    private(set) var reasoning: Int?
    /// In nano-dollars; nil when no price is known.
    private(set) var cost: Int?

    init() {}

    init(_ row: TranscriptRow) {
        let usage = row.usage
        input = usage.input ?? 0
        output = usage.output ?? 0
        cacheRead = usage.cacheRead
        cacheWrite = usage.cacheWrite
        reasoning = usage.reasoning
        cost = row.cost
    }

    static func + (left: InspectUsage, right: InspectUsage) -> InspectUsage {
        var sum = left
        sum.input += right.input
        sum.output += right.output
        sum.cacheRead = add(left.cacheRead, right.cacheRead)
        sum.cacheWrite = add(left.cacheWrite, right.cacheWrite)
        sum.reasoning = add(left.reasoning, right.reasoning)
        sum.cost = add(left.cost, right.cost)
        return sum
    }

    private static func add(_ left: Int?, _ right: Int?) -> Int? {
        guard left != nil || right != nil else { return nil }
        return (left ?? 0) + (right ?? 0)
    }
}

extension InspectUsage: CanonicalEncodable {
    /// Inspect counts cached tokens apart from the others; we count them as a part.
    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("input_tokens", max(0, input - (cacheRead ?? 0) - (cacheWrite ?? 0)))
        writer.optionalField("input_tokens_cache_read", cacheRead)
        writer.optionalField("input_tokens_cache_write", cacheWrite)
        writer.field("output_tokens", output)
        writer.optionalField("reasoning_tokens", reasoning)
        writer.optionalField("total_cost", cost.map(InspectParts.dollars))
        writer.field("total_tokens", input + output)
        writer.endObject()
    }
}

/// One message; those of one sample have ids that say which they are, so that Inspect keeps each once.
struct InspectMessage: CanonicalEncodable {
    let id: String
    let message: ChatMessage
    /// The model that said it; nil for what was given.
    var model: String?

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("content", message.content)
        writer.field("id", id)
        writer.optionalField("model", model)
        writer.field("role", message.role)
        if message.role != .system { writer.field("source", message.role == .user ? "input" : "generate") }
        writer.endObject()
    }
}

/// An answer, or that there is none.
struct InspectOutput: CanonicalEncodable {
    let turn: AskedTurn?
    let messageID: String
    let model: String

    func encode(to writer: inout CanonicalWriter) {
        let row = turn?.row
        let isAnswered = row?.state == .answered
        let served = row?.modelAnswered ?? model
        writer.beginObject()
        writer.field("choices") { writer in
            writer.beginArray()
            if isAnswered { writer.element { choice(served, to: &$0) } }
            writer.endArray()
        }
        writer.field("completion", isAnswered ? turn?.answer ?? "" : "")
        if !isAnswered, let error = row?.errorClass {
            writer.field("error", error + (row?.errorDetail.map { ": \($0)" } ?? ""))
        }
        writer.field("model", served)
        writer.optionalField("response_id", turn?.result?.responseID)
        writer.optionalField("time", row?.exchange.map { InspectParts.seconds($0.total) })
        if isAnswered, let row { writer.field("usage", InspectUsage(row)) }
        writer.endObject()
    }

    private func choice(_ served: String, to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field(
            "message",
            InspectMessage(
                id: messageID, message: ChatMessage(role: .assistant, content: turn?.answer ?? ""), model: served))
        writer.field("stop_reason", InspectParts.stopReason(turn?.row.finish))
        writer.endObject()
    }
}

/// How a model was asked to answer: Inspect's `GenerateConfig`.
struct InspectConfig: CanonicalEncodable {
    let parameters: ChatParameters

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("extra_body", parameters.extra.isEmpty ? nil : parameters.extra)
        writer.optionalField("max_tokens", parameters.maxTokens)
        writer.optionalField("seed", parameters.seed)
        writer.optionalField("stop_seqs", parameters.stop.isEmpty ? nil : parameters.stop)
        writer.optionalField("temperature", parameters.temperature)
        writer.optionalField("top_p", parameters.topP)
        writer.endObject()
    }
}

/// A failure; Inspect wants a traceback, and there is none.
struct InspectError: CanonicalEncodable {
    let message: String

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("message", message)
        writer.field("traceback", "")
        writer.field("traceback_ansi", "")
        writer.endObject()
    }
}
