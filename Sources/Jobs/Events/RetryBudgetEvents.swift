package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog

/// The events of a `retryBudget` stream, whose id is the provider's name.
package enum RetryBudgetEvent: EventFamily {
    case spent(RetryBudgetSpent)

    package static let types: [any EventPayload.Type] = [RetryBudgetSpent.self]

    package var payload: any EventPayload {
        switch self {
        case .spent(let payload): payload
        }
    }

    package init?(_ payload: any EventPayload) {
        guard let payload = payload as? RetryBudgetSpent else { return nil }
        self = .spent(payload)
    }
}

/// Retries of jobs that call one provider were allowed, at once or after a wait.
///
/// Derived by `jobs.retryBudget` from the event before it in its stream and from the failures; the number of calls and
/// this event's time are what it adds.
package struct RetryBudgetSpent: EventPayload {
    package static let type = EventType("retryBudget.spent")
    package static let version = 1

    /// The retry of one job.
    package struct Retry: Equatable, Sendable, CanonicalCodable {
        /// The attempt to come.
        package let attempt: Int
        package let job: JobID
        /// How long it is held back since the budget is used up; zero when it isn't.
        package let wait: Microseconds

        package init(attempt: Int, job: JobID, wait: Microseconds) {
            self.attempt = attempt
            self.job = job
            self.wait = wait
        }

        package func encode(to writer: inout CanonicalWriter) {
            writer.beginObject()
            writer.field("attempt", attempt)
            writer.field("job", job)
            writer.field("wait", wait)
            writer.endObject()
        }

        package init(from reader: inout CanonicalReader) throws(JSONError) {
            try reader.beginObject()
            attempt = try reader.integer("attempt", atLeast: 2)
            job = try reader.field("job")
            wait = try reader.length("wait")
            try reader.endObject()
        }
    }

    /// This event's time, by which what was spent before has run down.
    package let at: Timestamp
    /// First attempts that whoever records this has seen answered since it last recorded one.
    package let calls: Int
    /// How much of the time that retries fill is taken after these.
    package let debt: Microseconds
    /// In the order of the failures that the cause names.
    package let retries: [Retry]
    /// What calls have earned and no retry has used, in tenths of a retry.
    package let saved: Int

    package init(at: Timestamp, calls: Int, debt: Microseconds, retries: [Retry], saved: Int) {
        self.at = at
        self.calls = calls
        self.debt = debt
        self.retries = retries
        self.saved = saved
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("at", at)
        writer.field("calls", calls)
        writer.field("debt", debt)
        writer.field("retries", retries)
        writer.field("saved", saved)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        at = try reader.field("at")
        calls = try reader.integer("calls", atLeast: 0)
        debt = try reader.length("debt")
        retries = try reader.field("retries")
        saved = try reader.integer("saved", atLeast: 0)
        try reader.endObject()
    }
}
