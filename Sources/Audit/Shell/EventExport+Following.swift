package import EventLog

extension EventExport {
    /// Exports what is recorded from `first` on, then each new event as it comes; returns when the task is cancelled.
    ///
    /// Each page is handed on at once, so that a reader is never further behind than the log's subscribers are.
    package mutating func follow(
        from first: Position, into sink: (borrowing [UInt8]) throws -> Void
    ) async throws {
        let next = max(first, try write(from: first, into: sink))
        for try await events in log.subscribe(from: next, matching: selection.filter) {
            try write(events, into: sink)
        }
    }
}
