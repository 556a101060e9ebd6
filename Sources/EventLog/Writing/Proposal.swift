import Determinism

/// A commit as it is ordered: encoded once by its proposer, and applied by everyone who has the log.
struct Proposal: Sendable, Equatable {
    /// The rules by which it is to be applied.
    let applyVersion: UInt16
    /// The stream that grows.
    let stream: StreamName
    /// Where the stream must stand.
    let expected: ExpectedRevision
    /// The commit's name.
    let id: CommitID
    /// The records; their revisions are final unless any revision is expected.
    private(set) var records: RecordBatch
    /// The leaf hashes of the records; empty until the revisions are final.
    private(set) var leaves: [Digest]

    /// Encodes and hashes a commit; throws `.invalid` or `.tooLarge`.
    init(_ commit: Commit) throws(LogError) {
        applyVersion = Apply.version
        stream = commit.stream
        expected = commit.expected
        (id, records) = try RecordCodec.encode(commit)
        leaves = commit.expected == .any ? [] : records.leaves()
    }

    /// The proposal with its final revisions and leaves, for the place that it was given.
    func placed(at first: Revision) -> Proposal {
        guard expected == .any else { return self }
        var placed = self
        placed.records.setRevisions(from: first)
        placed.leaves = placed.records.leaves()
        return placed
    }
}
