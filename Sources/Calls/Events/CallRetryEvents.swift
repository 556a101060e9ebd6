package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog
import Jobs

/// The question will be sent again.
///
/// Derived by `calls.retry` from the failure, or from the unknown outcome, and the terms of the call.
package struct CallRetryDecided: EventPayload {
    package static let type = EventType("llm.retryDecided")
    package static let version = 1

    /// The attempt to come.
    package let attempt: Int
    /// How long to wait, from this event's time.
    package let delay: Microseconds
    /// This event's time plus the delay.
    package let notBefore: Timestamp

    package init(attempt: Int, delay: Microseconds, notBefore: Timestamp) {
        self.attempt = attempt
        self.delay = delay
        self.notBefore = notBefore
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("delay", delay)
        writer.field("notBefore", notBefore)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 2)
        delay = try reader.length("delay")
        notBefore = try reader.field("notBefore")
        try reader.endObject()
    }
}

/// Whether the question was answered, and paid for, will never be known: its worker ended in between.
///
/// Derived by `calls.unknown` from the start of the attempt.
package struct CallOutcomeUnknown: EventPayload {
    package static let type = EventType("llm.callOutcomeUnknown")
    package static let version = 1

    package let attempt: Int
    /// The position of the attempt's `llm.callStarted`.
    package let started: Position

    package init(attempt: Int, started: Position) {
        self.attempt = attempt
        self.started = started
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("started", started)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 1)
        started = try reader.field("started")
        try reader.endObject()
    }
}

/// The events of a `call` stream.
package indirect enum CallEvent: EventFamily {
    case started(CallStarted)
    case completed(CallCompleted)
    case failed(CallFailed)
    case retryDecided(CallRetryDecided)
    case outcomeUnknown(CallOutcomeUnknown)
    case reused(CallReused)

    package static let types: [any EventPayload.Type] = [
        CallStarted.self, CallCompleted.self, CallFailed.self, CallRetryDecided.self, CallOutcomeUnknown.self,
        CallReused.self,
    ]

    package var payload: any EventPayload {
        switch self {
        case .started(let payload): payload
        case .completed(let payload): payload
        case .failed(let payload): payload
        case .retryDecided(let payload): payload
        case .outcomeUnknown(let payload): payload
        case .reused(let payload): payload
        }
    }

    package init?(_ payload: any EventPayload) {
        switch payload {
        case let payload as CallStarted: self = .started(payload)
        case let payload as CallCompleted: self = .completed(payload)
        case let payload as CallFailed: self = .failed(payload)
        case let payload as CallRetryDecided: self = .retryDecided(payload)
        case let payload as CallOutcomeUnknown: self = .outcomeUnknown(payload)
        case let payload as CallReused: self = .reused(payload)
        default: return nil
        }
    }
}
