import Determinism

/// A commit as it is ordered: encoded once by its proposer, and applied by everyone who has the log.
struct Proposal: Sendable {
    /// The rules by which it is to be applied.
    let applyVersion: UInt16
    /// The stream that grows.
    let stream: StreamName
    /// Where the stream must stand.
    let expected: ExpectedRevision
    /// The commit's name.
    let id: CommitID
    /// The records; their revisions are final unless any revision is expected.
    let records: RecordBatch

    /// Encodes and names a commit; throws `.invalid` or `.tooLarge`.
    init(_ commit: Commit) throws(LogError) {
        applyVersion = Apply.version
        stream = commit.stream
        expected = commit.expected
        (id, records) = try RecordCodec.encode(commit)
    }

    /// The records as they are written when the commit begins at a revision.
    func records(placedAt first: Revision) -> RecordBatch {
        guard expected == .any else { return records }
        var placed = records
        placed.setRevisions(from: first)
        return placed
    }
}
