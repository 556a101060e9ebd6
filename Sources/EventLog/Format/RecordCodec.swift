import CanonicalJSON
import Determinism
import Glibc

/// The records of one commit, one behind the other in one buffer, each behind the byte 0x00 that its leaf hash begins
/// with.
///
/// So a leaf is hashed in one piece, and a commit is hashed in one piece.
struct RecordBatch: Sendable, Equatable {
    /// Two bytes that `commitID` begins its hash with, then for each event 0x00 and its record.
    fileprivate(set) var bytes: [UInt8]
    /// Where each record but the first begins, behind its 0x00: most commits have one record, and need no array.
    fileprivate let laterStarts: [Int]

    static let prefixLength = 2

    /// How many records there are, one at least.
    var count: Int { laterStarts.count + 1 }

    /// Where a record is in `bytes`.
    func range(_ index: Int) -> Range<Int> {
        start(index)..<(index < laterStarts.count ? laterStarts[index] - 1 : bytes.count)
    }

    private func start(_ index: Int) -> Int { index == 0 ? RecordBatch.prefixLength + 1 : laterStarts[index - 1] }

    /// The leaf hash of every record, in order.
    func leaves() -> [Digest] { leaves(of: 0..<count) }

    /// The leaf hashes of some records, in order.
    func leaves(of places: Range<Int>) -> [Digest] { places.map(leaf) }

    /// The leaf hash of a record.
    func leaf(_ index: Int) -> Digest {
        let range = range(index)
        return unsafe bytes.withUnsafeBytes { all in
            unsafe Digest(of: UnsafeRawBufferPointer(rebasing: all[range.lowerBound - 1..<range.upperBound]))
        }
    }

    /// Gives the records their revisions, from `first` on.
    mutating func setRevisions(from first: Revision) {
        for index in 0..<count {
            store(first.rawValue + UInt64(index), at: start(index) + RecordLayout.revisionOffset)
        }
    }

    /// Gives the records their commit's id.
    mutating func setCommitID(_ id: CommitID) {
        for index in 0..<count {
            store(id.high.bigEndian, at: start(index) + RecordLayout.commitIDOffset)
            store(id.low.bigEndian, at: start(index) + RecordLayout.commitIDOffset + 8)
        }
    }

    private mutating func store(_ value: UInt64, at offset: Int) {
        unsafe bytes.withUnsafeMutableBytes {
            unsafe $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
        }
    }
}

/// Turns commits into the bytes of records, and names them.
enum RecordCodec {
    /// The first byte of what a commit's id is a hash of; leaves have 0x00 and inner nodes 0x01 there.
    static let commitPrefix: UInt8 = 0x02
    /// The second byte, for a commit that expects any revision.
    static let anyRevision: UInt8 = 0
    /// The second byte, for a commit that expects one place in its stream.
    static let oneRevision: UInt8 = 1
    /// The most bytes that the records of one commit may have.
    static let mostBytes = 64 << 20

    /// The records of a commit with their id, and revisions if the commit expects one place. (With `.any` they are 0
    /// until the commit is applied.)
    static func encode(_ commit: Commit) throws(LogError) -> (CommitID, RecordBatch) {
        try check(commit)
        var batch = records(of: commit)
        if let first = commit.expected.firstRevision { batch.setRevisions(from: first) }
        let id = commitID(of: batch.bytes)
        batch.setCommitID(id)
        return (id, batch)
    }

    /// The name of a commit: the first 16 bytes of SHA-256 over 0x02, 0x00 for `.any` or else 0x01, and then, for each
    /// event, 0x00 and its record with a commit id of zeros, and for `.any` also a revision of zero.
    static func commitID(of batchBytes: [UInt8]) -> CommitID {
        unsafe Digest(of: batchBytes).withBytes { bytes in
            unsafe CommitID(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    /// How many bytes the records of a commit take.
    static func byteCount(_ commit: Commit) -> Int {
        let stream = commit.stream.text.utf8.count
        let events = commit.events.span
        var total = 0
        for index in events.indices { total += length(of: events[index], stream: stream) }
        return total
    }

    private static func length(of event: borrowing NewEvent, stream: Int) -> Int {
        RecordLayout.headerLength + stream + event.type.text.utf8.count + event.data.count + event.metadata.count
    }
}

extension RecordCodec {
    private static func check(_ commit: Commit) throws(LogError) {
        let stream = commit.stream.text.utf8.count
        guard !commit.events.isEmpty else { throw refusal(.invalid, commit, "a commit has at least one event") }
        guard commit.events.count <= Commit.mostEvents else {
            throw refusal(.tooLarge, commit, "a commit has at most \(Commit.mostEvents) events; append several commits")
        }
        if case .exact(let revision) = commit.expected, revision.rawValue >= 1 << 62 {
            throw refusal(.invalid, commit, "no stream reaches revision \(revision)")
        }
        var total = 0
        let events = commit.events.span
        for index in events.indices {
            let length = length(of: events[index], stream: stream)
            guard length <= RecordLayout.longestRecord else {
                throw refusal(
                    .tooLarge, commit,
                    "event \(index) takes \(length) bytes of at most 65,535; put its large fields into blobs")
            }
            total += length
            try checkFields(of: events[index], index, commit)
            // Events of a commit often have the same metadata.
            if index == 0 || !haveEqualMetadata(events[index - 1], events[index]) {
                try checkMetadata(of: events[index], index, commit)
            }
        }
        guard total <= mostBytes else {
            throw refusal(.tooLarge, commit, "the commit takes \(total) bytes of at most \(mostBytes); append several")
        }
    }

    private static func checkFields(of event: borrowing NewEvent, _ index: Int, _ commit: Commit) throws(LogError) {
        guard (1...65_535).contains(event.version) else {
            throw refusal(.invalid, commit, "event \(index) has version \(event.version); versions are 1 to 65,535")
        }
        guard Timestamp.writable.contains(event.time) else {
            throw refusal(.invalid, commit, "event \(index) happened at \(event.time); years are 0000 to 9999")
        }
        try checkObject(event.data, "data", index, commit)
    }

    private static func checkMetadata(
        of event: borrowing NewEvent, _ index: Int, _ commit: Commit
    ) throws(LogError) {
        try checkObject(event.metadata, "metadata", index, commit)
    }

    private static func checkObject(
        _ bytes: [UInt8], _ part: String, _ index: Int, _ commit: Commit
    ) throws(LogError) {
        do {
            try CanonicalObject.check(unsafe bytes.span.bytes)
        } catch {
            throw refusal(.invalid, commit, "the \(part) of event \(index) is not a canonical JSON object: \(error)")
        }
    }

    private static func haveEqualMetadata(_ left: borrowing NewEvent, _ right: borrowing NewEvent) -> Bool {
        unsafe left.metadata.withUnsafeBytes { left in
            unsafe right.metadata.withUnsafeBytes { right in
                guard left.count == right.count else { return false }
                guard let one = left.baseAddress, let other = right.baseAddress else { return true }
                return unsafe memcmp(one, other, left.count) == 0
            }
        }
    }

    private static func refusal(_ code: LogError.Code, _ commit: Commit, _ message: String) -> LogError {
        LogError(code, during: "appending to \(commit.stream)", message)
    }

    private static func records(of commit: Commit) -> RecordBatch {
        var laterStarts: [Int] = []
        if commit.events.count > 1 { laterStarts.reserveCapacity(commit.events.count - 1) }
        let total = RecordBatch.prefixLength + byteCount(commit) + commit.events.count
        let events = commit.events.span
        var name = commit.stream.text
        let bytes = name.withUTF8 { name in
            unsafe [UInt8](unsafeUninitializedCapacity: total) { buffer, used in
                var writer = unsafe RecordWriter(buffer: UnsafeMutableRawBufferPointer(buffer))
                writer.put(commitPrefix)
                writer.put(commit.expected == .any ? anyRevision : oneRevision)
                for index in events.indices {
                    writer.put(UInt8(0))
                    if index > 0 { laterStarts.append(writer.offset) }
                    unsafe writer.put(
                        events[index], stream: UnsafeRawBufferPointer(name), index: index, count: events.count)
                }
                used = writer.offset
            }
        }
        return RecordBatch(bytes: bytes, laterStarts: laterStarts)
    }
}

extension ExpectedRevision {
    /// The revision of the first event of a commit that expects this; nil when only the log can say.
    var firstRevision: Revision? {
        switch self {
        case .any: nil
        case .noStream: .first
        case .exact(let revision): revision.next
        }
    }
}

/// Writes the fields of records into memory that has room for them.
@safe private struct RecordWriter {
    let buffer: UnsafeMutableRawBufferPointer
    var offset = 0

    init(buffer: UnsafeMutableRawBufferPointer) {
        unsafe self.buffer = buffer
    }

    mutating func put(
        _ event: borrowing NewEvent, stream: UnsafeRawBufferPointer, index: Int, count: Int
    ) {
        put(RecordLayout.format)
        put(UInt8(0))
        put(UInt16(event.version))
        put(UInt16(index))
        put(UInt16(count))
        put(event.time.microseconds)
        put(UInt64(0))
        put(UInt64(0))
        put(UInt64(0))
        put(UInt16(stream.count))
        put(UInt16(event.type.text.utf8.count))
        put(UInt16(event.data.count))
        put(UInt16(event.metadata.count))
        unsafe put(stream)
        put(event.type.text)
        unsafe event.data.withUnsafeBytes { unsafe put($0) }
        unsafe event.metadata.withUnsafeBytes { unsafe put($0) }
    }

    mutating func put<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        unsafe buffer.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
        offset += MemoryLayout<Value>.size
    }

    private mutating func put(_ text: String) {
        var text = text
        text.withUTF8 { unsafe put(UnsafeRawBufferPointer($0)) }
    }

    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<offset + bytes.count])
            .copyMemory(from: UnsafeRawBufferPointer(start: source, count: bytes.count))
        offset += bytes.count
    }
}
