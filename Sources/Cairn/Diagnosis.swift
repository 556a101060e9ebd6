package import CanonicalJSON

/// What `doctor` found out about one thing.
package struct Diagnosis: Equatable, Sendable {
    package enum Verdict: String, Equatable, Sendable, CanonicalCodable {
        case good
        /// Worth knowing, and no obstacle.
        case note
        /// Cairn can't work like this.
        case bad
    }

    package let subject: String
    package let verdict: Verdict
    /// What was found, and for a bad one what to do.
    package let message: String

    package init(_ subject: String, _ verdict: Verdict, _ message: String) {
        self.subject = subject
        self.verdict = verdict
        self.message = message
    }
}

extension Diagnosis: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("message", message)
        writer.field("subject", subject)
        writer.field("verdict", verdict)
        writer.endObject()
    }
}
