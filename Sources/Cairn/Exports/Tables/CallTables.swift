import Calls
import CanonicalJSON
import Determinism
import EventLog
import Jobs
import Projections
import Providers

extension ExportTables {
    static let turns = ExportTable(
        "turns", "One row a question to a model, and what came of it.", key: ["run", "job", "turn", "position"],
        from: [Transcripts.self],
        TableDefinition<AskedTurn>()
            .text("run", "The run's id") { $0.key.run.rawValue }
            .text("job", "The job whose conversation it is part of") { $0.key.job.rawValue }
            .integer("turn", "Its place in the conversation, from 0") { $0.key.turn }
            .position("position", "Where the first attempt stands") { $0.key.position }
            .text("call", "The call's id") { $0.row.call.rawValue }
            .text("purpose", "probe or judge") { $0.row.purpose.rawValue }
            .text("provider", "Who is asked") { $0.row.provider }
            .text("model", "The model as the provider knows it; jobs.model is its id in the experiment") {
                $0.row.model
            }
            .text("model_answered", "The model that answered, as the provider says") { $0.row.modelAnswered }
            .text("adapter", "Which form of requests and answers is spoken") { $0.row.adapter }
            .text("state", "inFlight, answered, failed, retrying or outcomeUnknown") { $0.row.state.rawValue }
            .integer("attempts", "Requests that were sent; 0 for a reused answer") { $0.row.attempts }
            .integer("unknown", "Attempts whose outcome will never be known") { $0.row.unknown }
            .text("finish", "Why the answer ended") { $0.row.finish?.rawValue }
            .cost("cost", "What the answer cost; empty when that isn't known") { $0.row.cost }
            .integer("input_tokens", "Tokens of the question") { $0.row.usage.input }
            .integer("output_tokens", "Tokens of the answer") { $0.row.usage.output }
            .integer("reasoning_tokens", "Of those of the answer: reasoning") { $0.row.usage.reasoning }
            .integer("cache_read_tokens", "Of those of the question: read from a cache") { $0.row.usage.cacheRead }
            .integer("cache_write_tokens", "Of those of the question: written to a cache") {
                $0.row.usage.cacheWrite
            }
            .moment("started", "When it was first sent") { $0.row.started }
            .moment("finished", "When it was answered") { $0.row.finished }
            .duration("latency", "From sending to the last byte of the last answer") { $0.row.exchange?.total }
            .duration("first_byte", "From sending to the first byte") { $0.row.exchange?.firstByte }
            .duration("first_token", "From sending to the first token of a streamed answer") {
                $0.row.exchange?.firstToken
            }
            .duration("queued", "How long it waited to be sent") { $0.row.exchange?.queued }
            .integer("http_status", "The status of the last response") { $0.row.exchange?.status }
            .text("error_class", "How it failed last; empty when it didn't, or overcame it") { $0.row.errorClass }
            .text("error_detail", "What was reported about that failure") { $0.row.errorDetail }
            .text("reused_call", "The call whose answer is used again; empty when it was asked") {
                $0.row.reused?.rawValue
            }
            .digest("request", "The blob of the last request's body") { $0.row.request }
            .digest("response", "The blob of the last response's body") { $0.row.exchange?.body }
            .text("texts", TurnTexts.stateMeaning, isFromBlobs: true) { $0.texts?.state.rawValue }
            .text("question", "The last message that was sent", isFromBlobs: true) { $0.texts?.question }
            .text("answer", "The answer's text", isFromBlobs: true) { $0.texts?.answer },
        changed: { source, event in
            let tables = try source.views.tables(of: Transcripts.self)
            guard let call = CallID(inStreamOf: event), let key = try tables.calls.get(call) else { return nil }
            return try tables.turns.get(key).map { try AskedTurn(key, $0, source) }
        }
    ) { source, body in
        try source.views.tables(of: Transcripts.self).turns.forEach { key, row in
            try body(AskedTurn(key, row, source))
            return true
        }
    }

    struct AskedTurn {
        let key: Transcripts.TurnKey
        let row: TranscriptRow
        let texts: TurnTexts?

        init(_ key: Transcripts.TurnKey, _ row: TranscriptRow, _ source: TableSource) throws {
            self.key = key
            self.row = row
            texts = try source.blobs.map { try TurnTexts(row, namedAt: key.position, log: source.log, blobs: $0) }
        }
    }

    static let usage = ExportTable(
        "usage", "One row a provider, model and purpose of a run.", key: ["run", "provider", "model", "purpose"],
        from: [CallUsage.self],
        TableDefinition<(key: CallUsage.UsageKey, row: UsageRow)>()
            .text("run", "The run's id") { $0.key.run.rawValue }
            .text("provider", "Who is asked") { $0.key.provider }
            .text("model", "The model as the provider knows it") { $0.key.model }
            .text("purpose", "probe or judge") { $0.key.purpose.rawValue }
            .integer("attempts", "Requests that were sent") { $0.row.attempts }
            .integer("answers", "Questions that were answered") { $0.row.calls }
            .integer("reused", "Questions that weren't sent, as an earlier answer was used again") { $0.row.reused }
            .integer("failures", "Attempts that brought no answer") { $0.row.failures }
            .integer("unknown", "Attempts whose outcome will never be known") { $0.row.unknown }
            .cost("cost", "What the answers cost whose cost is known; empty where that is so of none") {
                $0.row.knownCost
            }
            .integer("without_cost", "Answers whose cost isn't known") { $0.row.withoutCost }
            .integer("estimated", "Answers whose tokens are estimated") { $0.row.estimated }
            .integer("input_tokens", "Tokens of the questions") { $0.row.tokens.input }
            .integer("output_tokens", "Tokens of the answers") { $0.row.tokens.output }
            .integer("reasoning_tokens", "Of those of the answers: reasoning") { $0.row.tokens.reasoning }
            .integer("cache_read_tokens", "Of those of the questions: read from a cache") { $0.row.tokens.cacheRead }
            .integer("cache_write_tokens", "Of those of the questions: written to a cache") {
                $0.row.tokens.cacheWrite
            }
            .duration("latency_mean", "The mean time from sending to the last byte") { $0.row.latency.mean }
            .duration("latency_p50", "The time that half of the answers don't exceed, within 12.5 %") {
                $0.row.latency.percentile(50)
            }
            .duration("latency_p95", "The time that 95 % of the answers don't exceed, within 12.5 %") {
                $0.row.latency.percentile(95)
            }
            .duration("latency_max", "The longest time") { $0.row.latency.count == 0 ? nil : $0.row.latency.greatest }
    ) { source, body in
        try source.views.tables(of: CallUsage.self).usage.forEach { key, row in
            try body((key, row))
            return true
        }
    }
}

/// The texts of a turn, from blobs that may not be there.
struct TurnTexts {
    static let stateMeaning =
        "What became of question and answer: present, or for one of them at least erased (on purpose), sealed (its key "
        + "isn't here) or missing (lost)"

    let state: BlobState
    let question: String?
    let answer: String?

    init(_ row: TranscriptRow, namedAt position: Position, log: any Log, blobs: BlobStates) throws {
        var states: Set<BlobState> = []
        func bytes(_ digest: Digest) throws -> [UInt8]? {
            let bytes = try log.blob(digest)
            if bytes == nil { states.insert(try blobs.absence(of: digest, namedAt: position)) }
            return bytes
        }
        question = try bytes(row.request).flatMap { try? JSONParser.parse($0) }
            .flatMap { ChatMessage.conversation(in: $0).last?.content }
        answer = try row.answer { try bytes($0) }
        state = [.erased, .sealed, .missing].first(where: states.contains) ?? .present
    }
}
