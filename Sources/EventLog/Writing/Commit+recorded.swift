extension Commit {
    /// The commit as it was proposed, from what is recorded of it; nil when the content isn't what its id names.
    ///
    /// A record doesn't say what revision its proposer expected, but the id does: it is made with it. So a copy gets the
    /// id of the original only if it expects the same.
    package init?(
        recordedIn stream: StreamName, from first: Revision, events: [NewEvent], blobs: [Blob] = [], as id: CommitID
    ) throws(LogError) {
        let place: ExpectedRevision = first == .first ? .noStream : .exact(Revision(first.rawValue - 1))
        for expected in [place, .any] {
            self.init(stream: stream, expected: expected, events: events, blobs: blobs)
            if try Proposal(self).id == id { return }
        }
        return nil
    }
}
