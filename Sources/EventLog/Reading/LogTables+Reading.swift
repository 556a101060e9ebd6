import LMDB

extension LogTables {
    /// Where the log stands.
    func meta(in transaction: borrowing some Transaction & ~Copyable) throws -> LogMeta {
        guard let meta = try transaction.withValue(of: LogMeta.key, in: meta, { try LogMeta($0) }) else {
            throw LogError.damaged(nil, during: "reading the state of the log", "it is missing")
        }
        return meta
    }

    /// Where a stream stands; nil when it has no event.
    func entry(
        of stream: StreamName, in transaction: borrowing some Transaction & ~Copyable
    ) throws -> StreamEntry? {
        var name = stream.text
        let found = try name.withUTF8 { bytes in
            try transaction.withValue(of: unsafe bytes.span.bytes, in: streams) { StreamEntry($0) }
        }
        guard let found else { return nil }
        guard let entry = found else {
            throw LogError.damaged(nil, during: "reading the stream \(stream)", "its entry is not 16 bytes")
        }
        return entry
    }

    /// Lends the record at a position that the log must have.
    func withRecord<R>(
        at position: Position, in transaction: borrowing some Transaction & ~Copyable, _ body: (RawSpan) throws -> R
    ) throws -> R {
        let result = try transaction.withValue(of: position.rawValue, in: events) { record in
            try LogError.check(record, at: position)
            return try body(record)
        }
        guard let result else { throw LogReader.hole(at: position) }
        return result
    }

    /// The position of a stream's event; nil past the stream's end.
    ///
    /// LMDB cannot count its way to the n-th duplicate, so the range of positions is halved, with a look at a record
    /// each time, until few enough events are left to count.
    func position(
        of entry: StreamEntry, revision: Revision, in transaction: borrowing some Transaction & ~Copyable
    ) throws -> Position? {
        guard revision <= entry.last else { return nil }
        return try transaction.withCursor(in: streamEvents) { cursor in
            guard try cursor.seek(to: entry.id, duplicate: 0) else { throw LogTables.damagedIndex(entry) }
            var low = (position: try cursor.duplicate(entry), revision: Revision.first)
            guard try cursor.lastDuplicate() else { throw LogTables.damagedIndex(entry) }
            // No event of the stream from `bound` on has a revision below `high`.
            var bound = try cursor.duplicate(entry).rawValue
            var high = entry.last
            if revision == high { return Position(bound) }
            while high.rawValue - low.revision.rawValue > 64, bound - low.position.rawValue > 64 {
                let middle = low.position.rawValue + (bound - low.position.rawValue) / 2
                guard try cursor.seek(to: entry.id, duplicate: middle) else { throw LogTables.damagedIndex(entry) }
                let found = try cursor.duplicate(entry)
                let at = try withRecord(at: found, in: transaction) { $0.u64(at: RecordLayout.revisionOffset) }
                if at == revision.rawValue { return found }
                if at < revision.rawValue, found.rawValue < bound, at > low.revision.rawValue {
                    low = (found, Revision(at))
                } else {
                    bound = middle
                    high = min(high, Revision(at))
                }
            }
            guard try cursor.seek(to: entry.id, duplicate: low.position.rawValue) else {
                throw LogTables.damagedIndex(entry)
            }
            for _ in low.revision.rawValue..<revision.rawValue {
                guard try cursor.nextDuplicate() else { throw LogTables.damagedIndex(entry) }
            }
            return try cursor.duplicate(entry)
        }
    }

    static func damagedIndex(_ entry: StreamEntry) -> LogError {
        .damaged(nil, during: "reading the index of stream number \(entry.id)", "it has fewer events than it should")
    }
}

extension Cursor {
    /// The position that the cursor of `stream_events` is on.
    fileprivate mutating func duplicate(_ entry: StreamEntry) throws -> Position {
        try withIntegerEntry { id, value in
            guard id == entry.id, value.byteCount == 8 else { throw LogTables.damagedIndex(entry) }
            return Position(value.u64(at: 0))
        }
    }
}
