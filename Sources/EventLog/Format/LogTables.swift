import Determinism
import LMDB

/// The tables of `log/`; `schemas/log-format.md` describes every key and value.
struct LogTables: Sendable {
    /// Position → record.
    let events: Table
    /// Stream name → `StreamEntry`.
    let streams: Table
    /// Stream id → positions of the stream's events.
    let streamEvents: Table
    /// Tile level and number → hashes.
    let tree: Table
    /// `state` → `LogMeta`.
    let meta: Table

    /// Opens the tables, and makes them if asked to.
    init(in environment: Environment, create: Bool) throws(LMDBError) {
        events = try environment.openTable("events", flags: .integerKey, create: create)
        streams = try environment.openTable("streams", create: create)
        streamEvents = try environment.openTable(
            "stream_events", flags: [.integerKey, .dupSort, .dupFixed, .integerDup], create: create)
        tree = try environment.openTable("tree", create: create)
        meta = try environment.openTable("meta", create: create)
    }
}

/// The one entry of `meta`: where the log stands.
struct LogMeta: Equatable, Sendable {
    static let key = Array("state".utf8)
    static let format: UInt16 = 1
    static let byteCount = 56

    /// The version of `Apply` that the log was made with.
    var applyVersion: UInt16
    /// How many events there are, and so the next position.
    var size: UInt64
    /// The id that the next new stream gets.
    var nextStreamID: UInt64
    /// The Merkle root over all records.
    var root: Digest

    /// A log without events.
    static let empty = LogMeta(
        applyVersion: Apply.version, size: 0, nextStreamID: 0, root: MerkleTree.emptyRoot)

    init(applyVersion: UInt16, size: UInt64, nextStreamID: UInt64, root: Digest) {
        self.applyVersion = applyVersion
        self.size = size
        self.nextStreamID = nextStreamID
        self.root = root
    }

    /// Reads an entry; throws `.newerFormat` for one that a newer program wrote, `.damaged` for one that nobody wrote.
    init(_ bytes: RawSpan) throws(LogError) {
        let operation = "reading the state of the log"
        guard bytes.byteCount >= 4 else { throw LogError(.damaged(nil), during: operation, "it is cut short") }
        guard bytes.u16(at: 0) <= LogMeta.format, bytes.u16(at: 2) <= Apply.version else {
            throw LogError(
                .newerFormat, during: operation,
                "the log has format \(bytes.u16(at: 0)) and rules \(bytes.u16(at: 2)), newer than this program")
        }
        guard bytes.byteCount == LogMeta.byteCount, bytes.u16(at: 0) == LogMeta.format, bytes.u64(at: 0) >> 32 == 0,
            let root = unsafe bytes.extracting(24..<56).withUnsafeBytes({ unsafe Digest(bytes: $0) })
        else { throw LogError(.damaged(nil), during: operation, "it is not 56 bytes of format 1") }
        self.init(
            applyVersion: bytes.u16(at: 2), size: bytes.u64(at: 8), nextStreamID: bytes.u64(at: 16), root: root)
    }

    /// The entry's bytes.
    var bytes: [UInt8] {
        LittleEndian.bytes(LogMeta.format) + LittleEndian.bytes(applyVersion) + [0, 0, 0, 0]
            + LittleEndian.bytes(size) + LittleEndian.bytes(nextStreamID) + root.bytes
    }
}

/// A value of `streams`.
struct StreamEntry: Equatable, Sendable {
    /// The number under which `stream_events` has the stream.
    let id: UInt64
    /// The revision of its last event.
    var last: Revision

    init(id: UInt64, last: Revision) {
        self.id = id
        self.last = last
    }

    /// Reads a value; nil when it is not 16 bytes.
    init?(_ bytes: RawSpan) {
        guard bytes.byteCount == 16 else { return nil }
        self.init(id: bytes.u64(at: 0), last: Revision(bytes.u64(at: 8)))
    }

    /// Lends the value's bytes.
    func withBytes<R>(_ body: (RawSpan) throws -> R) rethrows -> R {
        try unsafe withUnsafeBytes(of: (id.littleEndian, last.rawValue.littleEndian)) { unsafe try body($0.bytes) }
    }
}

extension MerkleTree.TileKey {
    /// The key in `tree`: level, then the number big-endian, so that keys sort by level and number.
    var bytes: [UInt8] { [level] + LittleEndian.bytes(number).reversed() }
}

/// Integers as little-endian bytes.
enum LittleEndian {
    static func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> Value($0 * 8)) }
    }
}
