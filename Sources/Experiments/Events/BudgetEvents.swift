package import Calls
package import CanonicalJSON
import Deciders
package import EventLog
import Jobs

/// What the run may use up from now on.
///
/// A budget is no part of what a run is, so that it can be resumed with a larger one.
package struct RunBudgetChanged: EventPayload {
    package static let type = EventType("run.budgetChanged")
    package static let version = 1

    package enum Source: String, Equatable, Sendable, CaseIterable, CanonicalCodable {
        /// The experiment file; said again only when the file says something else.
        case file
        /// An option of the command.
        case option
    }

    package let budget: Budget
    package let source: Source

    package init(budget: Budget, source: Source) {
        self.budget = budget
        self.source = source
    }
}

/// The budget is used up: a call couldn't be sent, whatever becomes of those under way.
///
/// Nothing new is sent, and what is under way ends. Derived by `runs.budgetStop` from the calls' events up to `end`.
package struct RunStopped: EventPayload {
    package static let type = EventType("run.stopped")
    package static let version = 1

    /// The one in force.
    package let budget: Budget
    /// Events from this position on play no part.
    package let end: Position
    /// The worst case of the calls under way.
    package let reserved: Spending
    package let spent: Spending
    /// The worst case of the call that couldn't be sent.
    package let wanted: Spending

    package init(budget: Budget, end: Position, reserved: Spending, spent: Spending, wanted: Spending) {
        self.budget = budget
        self.end = end
        self.reserved = reserved
        self.spent = spent
        self.wanted = wanted
    }
}

extension RunBudgetChanged {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("budget", budget)
        writer.field("source", source)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        budget = try reader.field("budget")
        source = try reader.field("source")
        try reader.endObject()
    }
}

extension RunStopped {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("budget", budget)
        writer.field("end", end)
        writer.field("reserved", reserved)
        writer.field("spent", spent)
        writer.field("wanted", wanted)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        budget = try reader.field("budget")
        end = try reader.field("end")
        reserved = try reader.field("reserved")
        spent = try reader.field("spent")
        wanted = try reader.field("wanted")
        try reader.endObject()
    }
}
