package import CanonicalJSON
package import Determinism
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
    /// Work that isn't done again, and why, as in `the run 4f…: its definition was erased …`.
    package var passedOver: [PassedOver] = []
    /// Processes that aren't run again since the bundle that the store was made of withholds a part of what they did.
    package var incomplete: [Incomplete] = []
    /// In a fork, the runs that it goes on with otherwise than its parent did: what it took over of them was copied, and
    /// what it did itself was executed again.
    package var takenOver: [String] = []

    /// A part of the log that isn't executed again: its events are copied.
    package struct PassedOver: Equatable, Sendable {
        package let run: String
        /// What became of the content that is needed for it.
        package let state: BlobState
        package let blob: Digest
        /// The first event that names it.
        package let position: Position

        package init(run: String, state: BlobState, blob: Digest, position: Position) {
            self.run = run
            self.state = state
            self.blob = blob
            self.position = position
        }
    }

    /// A process whose events aren't all there: those that are were copied.
    package struct Incomplete: Equatable, Sendable {
        package let worker: String
        package let run: String?
        /// Its first event that is there.
        package let position: Position

        package init(worker: String, run: String?, position: Position) {
            self.worker = worker
            self.run = run
            self.position = position
        }
    }

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

    /// What was shown.
    package enum Verdict: String, Equatable, Sendable, CaseIterable {
        case identical
        case different
        /// Nothing could be executed again of what should have been: the same bytes, since all were copied, show nothing.
        case notExecuted
    }

    package var verdict: Verdict {
        !isIdentical
            ? .different : sessions == 0 && !(passedOver.isEmpty && incomplete.isEmpty) ? .notExecuted : .identical
    }

    /// Whether every byte of every event is the same, executed or copied.
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
        if !incomplete.isEmpty { writer.field("incomplete", incomplete) }
        if !passedOver.isEmpty { writer.field("passedOver", passedOver) }
        writer.field("recordedEvents", recordedHead.size)
        writer.field("recordedHead", recordedHead.root.hex)
        writer.field("sessions", sessions)
        if !takenOver.isEmpty { writer.field("takenOver", takenOver) }
        writer.field("verdict", verdict)
        writer.endObject()
    }
}

extension ExecutionReport.Verdict: CanonicalEncodable {}

extension ExecutionReport.Incomplete: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("position", position)
        writer.optionalField("run", run)
        writer.field("worker", worker)
        writer.endObject()
    }
}

extension ExecutionReport.PassedOver: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("blob", blob)
        writer.field("position", position)
        writer.field("run", run)
        writer.field("state", state)
        writer.endObject()
    }
}
