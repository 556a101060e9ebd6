package import CanonicalJSON
import Deciders
package import Determinism
package import EventLog

/// The job is done.
package struct JobCompleted: EventPayload {
    package static let type = EventType("job.completed")
    package static let version = 1

    /// Which attempt it was, from 1.
    package let attempt: Int
    /// What came of it: a small object whose members the kind of job decides.
    package var result: JSONValue { canonicalResult.value }
    let canonicalResult: CanonicalValue
    package let worker: WorkerID

    package init(attempt: Int, result: JSONValue, worker: WorkerID) {
        self.attempt = attempt
        canonicalResult = CanonicalValue(result)
        self.worker = worker
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("result", canonicalResult)
        writer.field("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 1)
        let start = reader.offset
        canonicalResult = try reader.field("result")
        guard canonicalResult.isObject else {
            throw reader.error(at: start, expected: "an object as the result", found: "another value")
        }
        worker = try reader.field("worker")
        try reader.endObject()
    }
}

/// An attempt failed.
///
/// Written as version 1 where no provider is named.
package struct JobFailed: EventPayload {
    package static let type = EventType("job.failed")
    package static let version = 2
    package static let readableFrom = 1
    /// The longest message, in code points.
    package static let longestMessage = 500

    package let attempt: Int
    /// What kind of failure: a provider's error class, or `poison` for a job that loses its leases.
    package let `class`: String
    /// Whether the job is given up; otherwise a retry is decided next.
    package let final: Bool
    /// For people; without secrets and without text of prompts or answers.
    package let message: String
    /// Whose budget a retry is taken from; nil where the kind names no provider.
    package let provider: ProviderID?
    /// Whether another attempt could succeed, whatever is left of the budget.
    package let retryable: Bool
    package let worker: WorkerID

    /// Cuts a message that is too long.
    package init(
        attempt: Int, class: String, final: Bool, message: String, provider: ProviderID? = nil, retryable: Bool,
        worker: WorkerID
    ) {
        self.attempt = attempt
        self.class = `class`
        self.final = final
        self.message = message.prefix(codePoints: Self.longestMessage)
        self.provider = provider
        self.retryable = retryable
        self.worker = worker
    }

    package var writtenVersion: Int { provider == nil ? 1 : 2 }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.field("class", `class`)
        writer.field("final", final)
        writer.field("message", message)
        writer.optionalField("provider", provider)
        writer.field("retryable", retryable)
        writer.field("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 1)
        `class` = try reader.word("class")
        final = try reader.field("final")
        message = try reader.text("message", atMost: Self.longestMessage)
        provider = try reader.optionalField("provider")
        retryable = try reader.field("retryable")
        worker = try reader.field("worker")
        try reader.endObject()
    }
}

/// A failed job will be tried again.
///
/// Derived by `jobs.retry` from the failure. Written as version 1 where no provider's budget was asked.
package struct JobRetryScheduled: EventPayload {
    package static let type = EventType("job.retryScheduled")
    package static let version = 2
    package static let readableFrom = 1

    /// What the provider's budget said.
    package struct Budget: Equatable, Sendable, CanonicalCodable {
        package let provider: ProviderID
        /// How long the budget holds the retry back, which is part of the delay; zero when there was room.
        package let wait: Microseconds

        package init(provider: ProviderID, wait: Microseconds) {
            self.provider = provider
            self.wait = wait
        }

        package func encode(to writer: inout CanonicalWriter) {
            writer.beginObject()
            writer.field("provider", provider)
            writer.field("wait", wait)
            writer.endObject()
        }

        package init(from reader: inout CanonicalReader) throws(JSONError) {
            try reader.beginObject()
            provider = try reader.field("provider")
            wait = try reader.length("wait")
            try reader.endObject()
        }
    }

    /// The attempt to come.
    package let attempt: Int
    /// Nil where the failure names no provider.
    package let budget: Budget?
    /// How long to wait, from this event's time.
    package let delay: Microseconds
    /// This event's time plus the delay.
    package let notBefore: Timestamp

    package init(attempt: Int, budget: Budget? = nil, delay: Microseconds, notBefore: Timestamp) {
        self.attempt = attempt
        self.budget = budget
        self.delay = delay
        self.notBefore = notBefore
    }

    package var writtenVersion: Int { budget == nil ? 1 : 2 }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("attempt", attempt)
        writer.optionalField("budget", budget)
        writer.field("delay", delay)
        writer.field("notBefore", notBefore)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        attempt = try reader.integer("attempt", atLeast: 2)
        budget = try reader.optionalField("budget")
        delay = try reader.length("delay")
        notBefore = try reader.field("notBefore")
        try reader.endObject()
    }
}

extension String {
    /// The text without what goes beyond a number of code points; never empty, since that says nothing to anyone.
    package func prefix(codePoints most: Int) -> String {
        if isEmpty { return "(no message)" }
        return unicodeScalars.count <= most ? self : String(unicodeScalars.prefix(most))
    }

    /// The last so many code points; never empty, since that says nothing to anyone.
    package func suffix(codePoints most: Int) -> String {
        if isEmpty { return "(no message)" }
        return unicodeScalars.count <= most ? self : String(unicodeScalars.suffix(most))
    }
}

extension String? {
    /// The text without what goes beyond a number of code points; nil where it says nothing.
    package func prefix(codePoints most: Int) -> String? {
        flatMap { text in text.isEmpty ? nil : text.prefix(codePoints: most) }
    }
}
