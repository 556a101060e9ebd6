package import CanonicalJSON
import Deciders
package import Determinism
import EventLog
package import Providers

/// One question of a job's conversation, and what came of it.
package struct TranscriptRow: Equatable, Sendable {
    package enum State: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
        /// Sent, and nothing has come back yet, or nobody was there to take it.
        case inFlight
        case answered
        case failed
        /// Whether the last attempt was answered will never be known.
        case outcomeUnknown
        /// Will be sent again.
        case retrying
    }

    package let adapter: String
    package private(set) var attempts: Int
    package let call: CallID
    /// In nano-dollars; nil when unknown.
    package private(set) var cost: Int?
    /// What the last failure was; nil when there was none, or it was overcome.
    package private(set) var errorClass: String?
    package private(set) var errorDetail: String?
    /// What came back last; nil until something did.
    package private(set) var exchange: CallExchange?
    package private(set) var finish: FinishReason?
    /// When it was answered; nil until then.
    package private(set) var finished: Timestamp?
    package let model: String
    package private(set) var modelAnswered: String?
    package let provider: String
    package let purpose: CallPurpose
    /// The call whose answer this one reuses; nil when it was asked itself.
    package private(set) var reused: CallID?
    /// The blob of the last request's body.
    package private(set) var request: Digest
    package let started: Timestamp
    package private(set) var state = State.inFlight
    /// From 0.
    package let turn: Int
    /// Attempts whose outcome will never be known; each may have cost something.
    package private(set) var unknown = 0
    package private(set) var usage = Usage()

    init(_ call: CallID, _ started: CallStarted, at time: Timestamp) {
        self.call = call
        adapter = started.adapter
        attempts = started.attempt
        model = started.model
        provider = started.provider
        purpose = started.purpose
        request = started.request
        self.started = time
        turn = started.turn
    }

    init(_ call: CallID, _ reused: CallReused, at time: Timestamp) {
        self.call = call
        adapter = reused.adapter
        attempts = 0
        cost = 0
        exchange = reused.exchange
        finish = reused.finish
        finished = time
        model = reused.model
        modelAnswered = reused.modelAnswered
        provider = reused.provider
        purpose = reused.purpose
        self.reused = reused.origin
        request = reused.request
        started = time
        state = .answered
        turn = reused.turn
        usage = reused.usage
    }

    mutating func start(_ started: CallStarted) {
        attempts = started.attempt
        request = started.request
        state = .inFlight
    }

    mutating func take(_ happened: CallEvent, at time: Timestamp) {
        switch happened {
        case .started(let started): start(started)
        case .completed(let completed): take(completed, at: time)
        case .failed(let failed): take(failed)
        case .retryDecided: state = .retrying
        case .reused: break
        case .outcomeUnknown:
            state = .outcomeUnknown
            unknown += 1
        }
    }

    private mutating func take(_ completed: CallCompleted, at time: Timestamp) {
        cost = completed.cost
        errorClass = nil
        errorDetail = nil
        exchange = completed.exchange
        finish = completed.finish
        finished = time
        modelAnswered = completed.modelAnswered
        state = .answered
        usage = completed.usage
    }

    private mutating func take(_ failed: CallFailed) {
        errorClass = failed.class.rawValue
        errorDetail = failed.detail
        if case .exchange(let failedExchange) = failed.evidence { exchange = failedExchange }
        state = .failed
    }

    /// The answer's text, read from its body; nil if there is no answer, or its body isn't there or can't be read.
    package func answer(
        adapters: [any LLMProvider.Type] = ModelCatalogue.adapters, blob: (Digest) throws -> [UInt8]?
    ) rethrows -> String? {
        guard state == .answered, let exchange, let body = try blob(exchange.body) else { return nil }
        // An adapter may have several versions, of which the newer read what the older can't.
        let texts = adapters.lazy.filter { $0.name == adapter }.compactMap { reader in
            try? reader.result(status: exchange.status, headers: exchange.headers, body: body).get().text
        }
        return texts.first
    }
}

extension TranscriptRow: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("adapter", adapter)
        writer.field("attempts", attempts)
        writer.field("call", call)
        writer.optionalField("cost", cost)
        writer.optionalField("errorClass", errorClass)
        writer.optionalField("errorDetail", errorDetail)
        writer.optionalField("exchange", exchange)
        writer.optionalField("finish", finish)
        writer.optionalField("finished", finished)
        writer.field("model", model)
        writer.optionalField("modelAnswered", modelAnswered)
        writer.field("provider", provider)
        writer.field("purpose", purpose)
        writer.field("request", request)
        writer.optionalField("reused", reused)
        writer.field("started", started)
        writer.field("state", state)
        writer.field("turn", turn)
        writer.field("unknown", unknown)
        writer.field("usage", usage)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        adapter = try reader.field("adapter")
        attempts = try reader.field("attempts")
        call = try reader.field("call")
        cost = try reader.optionalField("cost")
        errorClass = try reader.optionalField("errorClass")
        errorDetail = try reader.optionalField("errorDetail")
        exchange = try reader.optionalField("exchange")
        finish = try reader.optionalField("finish")
        finished = try reader.optionalField("finished")
        model = try reader.field("model")
        modelAnswered = try reader.optionalField("modelAnswered")
        provider = try reader.field("provider")
        purpose = try reader.field("purpose")
        request = try reader.field("request")
        reused = try reader.optionalField("reused")
        started = try reader.field("started")
        state = try reader.field("state")
        turn = try reader.field("turn")
        unknown = try reader.field("unknown")
        usage = try reader.field("usage")
        try reader.endObject()
    }
}
