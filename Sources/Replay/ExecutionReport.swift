package import CanonicalJSON
import Determinism
package import EventLog

/// What running a log again came to.
package struct ExecutionReport: Equatable, Sendable {
    /// The head of the fresh log.
    package let head: TreeHead
    /// The head of the log that was run again.
    package let recordedHead: TreeHead
    /// How many processes had worked on it.
    package let sessions: Int
    /// How many events were copied: those that no worker wrote, or one whose work isn't done again.
    package let copied: Int
    /// The first event that came out otherwise.
    package let firstDifference: Divergence?
    /// Why it ended early, if not for an event that came out otherwise.
    package let failure: String?

    package init(
        head: TreeHead, recordedHead: TreeHead, sessions: Int, copied: Int, firstDifference: Divergence?,
        failure: String?
    ) {
        self.head = head
        self.recordedHead = recordedHead
        self.sessions = sessions
        self.copied = copied
        self.firstDifference = firstDifference
        self.failure = failure
    }

    /// Whether every byte of every event is the same.
    package var isIdentical: Bool { head == recordedHead && firstDifference == nil }
}

extension ExecutionReport: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("copied", copied)
        writer.field("events", head.size)
        writer.optionalField("failure", failure)
        writer.optionalField("firstDifference", firstDifference)
        writer.field("head", head.root.hex)
        writer.field("identical", isIdentical)
        writer.field("recordedEvents", recordedHead.size)
        writer.field("recordedHead", recordedHead.root.hex)
        writer.field("sessions", sessions)
        writer.endObject()
    }
}
