extension Event {
    /// A recorded event from its fields, as an export has them: the same bytes as the record's, if the fields are.
    ///
    /// Throws `.invalid` or `.tooLarge` for fields that no record has.
    package init(
        recorded event: NewEvent, in stream: StreamName, revision: Revision, at position: Position, commit: CommitID,
        index: Int, of count: Int
    ) throws(LogError) {
        guard (1...Commit.mostEvents).contains(count), (0..<count).contains(index) else {
            throw LogError(.invalid, during: "reading an event", "it is event \(index) of a commit of \(count)")
        }
        let expected: ExpectedRevision = revision == .first ? .noStream : .exact(Revision(revision.rawValue - 1))
        var (_, batch) = try RecordCodec.encode(Commit(stream: stream, expected: expected, events: [event]))
        batch.setCommitID(commit)
        var record = Array(batch.bytes[batch.range(0)])
        for (offset, value) in [(RecordLayout.indexOffset, index), (RecordLayout.countOffset, count)] {
            record[offset] = UInt8(truncatingIfNeeded: value)
            record[offset + 1] = UInt8(truncatingIfNeeded: value >> 8)
        }
        try self.init(position: position, record: record)
    }
}
