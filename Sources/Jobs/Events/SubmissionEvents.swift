package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog

/// The events of a `submission` stream.
package enum SubmissionEvent: EventFamily {
    case accepted(SubmissionAccepted)

    package static let types: [any EventPayload.Type] = [SubmissionAccepted.self]

    package var payload: any EventPayload {
        switch self {
        case .accepted(let payload): payload
        }
    }

    package init?(_ payload: any EventPayload) {
        guard let payload = payload as? SubmissionAccepted else { return nil }
        self = .accepted(payload)
    }
}

/// Somebody submitted jobs together; recorded before the first of them.
///
/// What was sent again under the same id finds the same jobs, and what isn't there yet is added.
package struct SubmissionAccepted: EventPayload {
    package static let type = EventType("submission.accepted")
    package static let version = 1

    /// Who submitted, as they call themselves.
    package let by: String
    /// SHA-256 over the canonical data of the jobs' submissions, in order, each followed by a line feed.
    package let content: Digest
    /// How many jobs.
    package let jobs: Int
    /// What the submitter called it.
    package let submitID: String

    package init(by: String, content: Digest, jobs: Int, submitID: String) {
        self.by = by
        self.content = content
        self.jobs = jobs
        self.submitID = submitID
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("by", by)
        writer.field("content", content)
        writer.field("jobs", jobs)
        writer.field("submitId", submitID)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        by = try reader.text("by", atMost: 200)
        content = try reader.field("content")
        jobs = try reader.integer("jobs", atLeast: 0)
        submitID = try reader.text("submitId", atMost: 200)
        try reader.endObject()
    }
}
