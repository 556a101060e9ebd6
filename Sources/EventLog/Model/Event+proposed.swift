extension Event {
    /// An event as it would be recorded at a place, alone in its commit; for functions that look at events before they
    /// are appended.
    package init(
        proposed event: NewEvent, in stream: StreamName, revision: Revision, at position: Position
    ) throws(LogError) {
        let expected: ExpectedRevision = revision == .first ? .noStream : .exact(Revision(revision.rawValue - 1))
        let (_, batch) = try RecordCodec.encode(Commit(stream: stream, expected: expected, events: [event]))
        try self.init(position: position, record: Array(batch.bytes[batch.range(0)]))
    }
}
