import Determinism
import LMDB

/// The right edge of the log as this process knows it: enough to append without reading the tree.
struct LogEdge: Sendable {
    /// What the log's `state` entry says.
    var meta: LogMeta
    /// The tree over the log's records.
    var tree: MerkleTree
}

/// Applies a group of proposals to the tables, within one write transaction.
struct GroupTransaction: ~Copyable {
    private let tables: LogTables
    private var edge: LogEdge
    /// The leaf hashes of what was appended, in order; the tree grows by them at the end.
    private var leaves: [Leaves] = []

    /// Takes over the edge that is known, unless another process has appended since.
    init(_ tables: LogTables, known: LogEdge?, _ transaction: borrowing WriteTransaction) throws {
        self.tables = tables
        let meta = try tables.meta(in: transaction)
        if let known, known.meta == meta {
            edge = known
        } else {
            edge = LogEdge(meta: meta, tree: try tables.tree(ofSize: meta.size, in: transaction))
        }
    }

    /// Applies the proposals in order, each to the log that the ones before it made; a result for each.
    consuming func apply(
        _ group: [Submission], _ transaction: borrowing WriteTransaction
    ) throws -> (results: [Result<Appended, LogError>], edge: LogEdge) {
        let count = group.reduce(0) { $0 + $1.appends.count }
        leaves.reserveCapacity(count)
        var results: [Result<Appended, LogError>] = []
        results.reserveCapacity(count)
        try transaction.withWriteCursor(in: tables.events) { events in
            try transaction.withWriteCursor(in: tables.streamEvents) { index in
                try transaction.withWriteCursor(in: tables.streams) { streams in
                    for submission in group {
                        let appends = submission.appends.span
                        for place in appends.indices {
                            let outcome = try apply(
                                appends[place], transaction, events: &events, index: &index, streams: &streams)
                            results.append(appends[place].proposal.result(of: outcome))
                        }
                    }
                }
            }
        }
        if !leaves.isEmpty { try finish(transaction) }
        return (results, edge)
    }

    private mutating func apply(
        _ append: borrowing PendingAppend, _ transaction: borrowing WriteTransaction, events: inout WriteCursor,
        index: inout WriteCursor, streams: inout WriteCursor
    ) throws -> Apply.Outcome {
        let entry = try streams.entry(of: append.proposal.stream)
        let outcome = try Apply.apply(append.proposal, size: edge.meta.size, last: entry?.last) { revision in
            try entry.flatMap { try tables.recorded($0, at: revision, in: transaction) }
        }
        guard case .accepted(let first, let revision) = outcome else { return outcome }
        let id = entry?.id ?? edge.meta.nextStreamID
        let records = append.proposal.records(placedAt: revision)
        try write(records, first: first, stream: id, events: &events, index: &index)
        leaves.append(append.leaves ?? Leaves(of: records))
        if entry == nil { edge.meta.nextStreamID += 1 }
        let last = Revision(revision.rawValue + UInt64(records.count) - 1)
        try streams.put(StreamEntry(id: id, last: last), of: append.proposal.stream)
        return outcome
    }

    private mutating func write(
        _ records: borrowing RecordBatch, first: Position, stream: UInt64, events: inout WriteCursor,
        index: inout WriteCursor
    ) throws {
        let all = unsafe records.bytes.span.bytes
        for place in 0..<records.count {
            let position = first.rawValue + UInt64(place)
            try events.put(all.extracting(records.range(place)), at: position, mode: .append)
            try index.appendDuplicate(position, at: stream)
        }
        edge.meta.size += UInt64(records.count)
    }

    private mutating func finish(_ transaction: borrowing WriteTransaction) throws {
        for leaves in leaves { leaves.forEach { edge.tree.append($0) } }
        for tile in edge.tree.takeChangedTiles() {
            try transaction.put(tile.hashes, at: tile.key.bytes, in: tables.tree)
        }
        edge.meta.root = edge.tree.root
        edge.meta.applyVersion = Apply.version
        try transaction.put(edge.meta.bytes, at: LogMeta.key, in: tables.meta)
    }
}

extension WriteCursor {
    /// Where a stream stands; nil when it has no event.
    ///
    /// A cursor that stays looks first at the page that it is on, where the names of a batch often are.
    fileprivate mutating func entry(of stream: StreamName) throws -> StreamEntry? {
        var name = stream.text
        let isThere = try name.withUTF8 { unsafe try position.seek(exactly: $0.span.bytes) }
        guard isThere else { return nil }
        guard let entry = try position.withEntry({ _, value in StreamEntry(value) }) else {
            throw LogError.damaged(nil, during: "reading the stream \(stream)", "its entry is not 16 bytes")
        }
        return entry
    }

    fileprivate mutating func put(_ entry: StreamEntry, of stream: StreamName) throws {
        var name = stream.text
        try name.withUTF8 { name in
            try entry.withBytes { unsafe try put($0, at: name.span.bytes) }
        }
    }
}

extension LogTables {
    /// The tree over the first records, from the tiles.
    func tree(ofSize size: UInt64, in transaction: borrowing some Transaction & ~Copyable) throws -> MerkleTree {
        let tree = try MerkleTree(size: size) { key in try transaction.value(of: key.bytes, in: self.tree) }
        guard let tree else {
            throw LogError.damaged(nil, during: "reading the tree of the log", "a tile is missing or cut short")
        }
        return tree
    }

    /// Which commit an event of a stream belongs to.
    func recorded(
        _ entry: StreamEntry, at revision: Revision, in transaction: borrowing some Transaction & ~Copyable
    ) throws -> RecordedPlace? {
        guard let position = try position(of: entry, revision: revision, in: transaction) else { return nil }
        return try withRecord(at: position, in: transaction) { record in
            RecordedPlace(
                commitID: RecordLayout.commitID(record), indexInCommit: Int(record.u16(at: RecordLayout.indexOffset)),
                commitCount: Int(record.u16(at: RecordLayout.countOffset)), position: position)
        }
    }
}
