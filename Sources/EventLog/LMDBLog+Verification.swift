import Determinism
import LMDB

extension LMDBLog {
    /// Re-hashes and judges every record against the tree, the head and the indexes, as the log is when this begins.
    ///
    /// Damage is a result and not an error: it names the first bad position. `progress` is told how many events are done,
    /// now and then; what it throws ends the verification. Reads in short transactions; memory grows with the number of
    /// streams only.
    public func verify(progress: (UInt64) throws -> Void = { _ in }) throws -> VerificationResult {
        try Self.verify(reader, progress: progress)
    }

    /// The same for tables that are no log's yet.
    static func verify(
        _ reader: LogReader, progress: (UInt64) throws -> Void = { _ in }
    ) throws -> VerificationResult {
        let meta: LogMeta
        do throws(LogError) {
            meta = try reader.meta()
        } catch {
            guard error.isDamage else { throw error }
            let claimed = TreeHead(size: 0, root: MerkleTree.emptyRoot)
            return VerificationResult(
                claimed: claimed, soundEvents: 0, fault: .init(position: nil, found: error.description))
        }
        return try VerificationPass.run(reader, meta, progress)
    }
}

extension LogError {
    /// Whether it says that the bytes are not what was written.
    fileprivate var isDamage: Bool {
        if case .damaged = code { true } else { false }
    }
}

/// One verification under way.
private struct VerificationPass {
    /// Ends the pass at a fault.
    struct Stop: Error {
        let fault: VerificationResult.Fault
    }

    private var reader: LogReader
    private let meta: LogMeta
    private var sound: UInt64 = 0
    private var fault: VerificationResult.Fault?
    private var records = RecordAudit()
    private var tree = TreeAudit()

    private init(reader: LogReader, meta: LogMeta) {
        self.reader = reader
        self.meta = meta
        self.reader.limits.bytes = PageBuilder.bufferBytes * 15 / 16
    }

    /// Goes through the whole log; a fault ends it.
    static func run(
        _ reader: LogReader, _ meta: LogMeta, _ progress: (UInt64) throws -> Void
    ) throws -> VerificationResult {
        var pass = VerificationPass(reader: reader, meta: meta)
        let failure: (any Error)?
        do {
            try pass.records(progress)
            try pass.indexes()
            failure = nil
        } catch {
            failure = error
        }
        if let failure { try pass.take(failure) }
        return VerificationResult(
            claimed: TreeHead(size: meta.size, root: meta.root), soundEvents: pass.sound, fault: pass.fault)
    }

    /// Turns damage into the fault of the log; other errors are the caller's.
    private mutating func take(_ failure: any Error) throws {
        if let stop = failure as? Stop {
            fault = stop.fault
        } else if let error = failure as? LogError, error.isDamage {
            fail(error)
        } else {
            throw failure
        }
    }

    private mutating func fail(_ error: LogError) {
        let position: Position? = if case .damaged(let position) = error.code { position } else { nil }
        fault = .init(position: position ?? (sound < meta.size ? Position(sound) : nil), found: error.description)
    }

    private mutating func records(_ progress: (UInt64) throws -> Void) throws {
        let all = EventFilter(positions: .first..<Position(meta.size))
        let matcher = RecordMatcher(.all)
        var limit = Int.max
        while sound < meta.size {
            let step: Subscription.Step
            do throws(LogError) {
                step = try reader.step(from: Position(sound), matching: all, matcher, limit: limit)
            } catch {
                // Of a page with an unreadable record nothing was read; one by one, what stands before it is.
                guard limit > 1 else { throw try judged(error) }
                limit = 1
                continue
            }
            for event in step.events { try check(event) }
            try progress(sound)
        }
        try stop(records.problemAtEnd(), at: nil)
        try stop(try tree.problemAtEnd(stored: reader.tile), at: nil)
        try stop(tree.root == meta.root ? nil : "the root is not that of the records", at: nil)
    }

    /// What it means that the next record can't be read: one that claims a newer format may just be damaged.
    private mutating func judged(_ error: LogError) throws -> any Error {
        guard error.code == .newerFormat else { return error }
        let leaf = try reader.reading("reading the event at position \(sound)") { transaction in
            try transaction.withValue(of: sound, in: reader.tables.events) { record in
                unsafe record.withUnsafeBytes { unsafe Digest.leaf($0) }
            }
        }
        let found = try leaf.flatMap { try tree.problem(leaf: $0, stored: reader.tile) }
        return found.map { Stop(fault: .init(position: Position(sound), found: $0)) } ?? error
    }

    private mutating func check(_ event: Event) throws {
        let leaf = event.withRecord { record in unsafe record.withUnsafeBytes { unsafe Digest.leaf($0) } }
        try stop(try tree.problem(leaf: leaf, stored: reader.tile), at: event.position)
        try stop(records.problem(event), at: event.position)
        sound += 1
    }

    /// Every stream's entry and index must say what its records say, and there must be no others.
    private func indexes() throws {
        var ids: Set<UInt64> = []
        for stream in records.streams.keys.sorted() {
            guard let last = records.streams[stream] else { continue }
            try index(of: stream, last: last, &ids)
        }
        try surplus(streams: ids.count)
    }

    /// No table may hold more than follows from the events; nothing is said about a log that has grown meanwhile.
    private func surplus(streams: Int) throws {
        let tables = reader.tables
        let found = try reader.reading("counting the entries of the log") { transaction in
            let (tiles, places) = (
                try transaction.count(of: tables.tree), try transaction.count(of: tables.streamEvents)
            )
            return (
                size: try tables.meta(in: transaction).size, events: try transaction.count(of: tables.events),
                streams: try transaction.count(of: tables.streams), tiles: tiles, places: places,
                heads: try transaction.count(of: tables.meta)
            )
        }
        guard found.size == meta.size else { return }
        let message = "the log has events after its last one"
        try stop(found.events == Int(meta.size) ? nil : message, at: Position(meta.size))
        try stop(found.heads == 1 ? nil : "the log has entries beside its head", at: nil)
        try stop(
            found.tiles == MerkleTree.tileCount(size: meta.size) ? nil : "the tree has tiles of no records", at: nil)
        try stop(found.streams == streams ? nil : "the log has entries of streams without events", at: nil)
        let numbered = meta.nextStreamID == UInt64(streams)
        try stop(numbered ? nil : "the next stream's number is not the number of streams", at: nil)
        try stop(found.places == Int(meta.size) ? nil : "the index of streams has places of no events", at: nil)
    }

    private func index(of stream: StreamName, last: Revision, _ ids: inout Set<UInt64>) throws {
        let tables = reader.tables
        let (entry, size) = try reader.reading("reading the stream \(stream)") { transaction in
            (try tables.entry(of: stream, in: transaction), try tables.meta(in: transaction).size)
        }
        let isNewer = size > meta.size
        guard let entry, entry.id < meta.nextStreamID, isNewer ? entry.last >= last : entry.last == last else {
            throw Stop(fault: .init(position: nil, found: "the entry of the stream \(stream) is wrong"))
        }
        let id = entry.id
        try stop(ids.insert(id).inserted ? nil : "two streams have the number \(id)", at: nil)
        var place = (revision: UInt64(0), from: UInt64(0))
        while place.revision <= last.rawValue {
            let before = place.revision
            let from = place
            place = try reader.reading("reading the index of \(stream)") { transaction in
                try part(of: id, stream, last: last, from: from, transaction)
            }
            try stop(place.revision > before ? nil : "the index of the stream \(stream) ends early", at: nil)
        }
    }

    /// Compares a part of a stream's index with the records; returns where the next part begins.
    private func part(
        of id: UInt64, _ stream: StreamName, last: Revision, from place: (revision: UInt64, from: UInt64),
        _ transaction: borrowing ReadTransaction
    ) throws -> (revision: UInt64, from: UInt64) {
        var positions: [UInt64] = []
        let wanted = min(4_096, last.rawValue - place.revision + 1)
        try transaction.forEachDuplicate(of: id, from: place.from, in: reader.tables.streamEvents) { position in
            positions.append(position)
            return positions.count < wanted
        }
        for (offset, position) in positions.enumerated() {
            let matches = try reader.tables.withRecord(at: Position(position), in: transaction) { record in
                record.u64(at: RecordLayout.revisionOffset) == place.revision + UInt64(offset)
                    && record.holds(stream.text, in: RecordLayout.streamRange(record))
            }
            try stop(matches ? nil : "the index of the stream \(stream) is wrong", at: Position(position))
        }
        return (place.revision + UInt64(positions.count), (positions.last ?? place.from) + 1)
    }

    private func stop(_ found: String?, at position: Position?) throws(Stop) {
        if let found { throw Stop(fault: .init(position: position, found: found)) }
    }
}

extension LogReader {
    /// The hashes of a stored tile; nil when there is none.
    fileprivate func tile(_ key: MerkleTree.TileKey) throws(LogError) -> [UInt8]? {
        try reading("reading the tree") { try $0.value(of: key.bytes, in: tables.tree) }
    }
}
