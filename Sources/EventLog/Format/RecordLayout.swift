import Glibc

/// The bytes of a record, format 1: a header of 48 bytes, then stream, type, data and metadata.
///
/// All integers are little-endian. `schemas/log-format.md` describes every byte.
@usableFromInline
enum RecordLayout {
    static let format: UInt8 = 1
    static let formatOffset = 0
    static let flagsOffset = 1
    static let versionOffset = 2
    static let indexOffset = 4
    static let countOffset = 6
    static let timeOffset = 8
    static let revisionOffset = 16
    static let commitIDOffset = 24
    static let streamLengthOffset = 40
    static let typeLengthOffset = 42
    static let dataLengthOffset = 44
    static let metadataLengthOffset = 46
    static let headerLength = 48
    static let longestRecord = 65_535

    /// What is wrong with the structure of these bytes; nil when every field can be read.
    static func problem(_ record: RawSpan) -> LogError.Code? {
        guard record.byteCount > formatOffset else { return .damaged(nil) }
        guard record.u8(at: formatOffset) == format else {
            return record.u8(at: formatOffset) > format ? .newerFormat : .damaged(nil)
        }
        guard record.byteCount >= headerLength, record.byteCount <= longestRecord else { return .damaged(nil) }
        let lengths =
            Int(record.u16(at: streamLengthOffset)) + Int(record.u16(at: typeLengthOffset))
            + Int(record.u16(at: dataLengthOffset)) + Int(record.u16(at: metadataLengthOffset))
        return headerLength + lengths == record.byteCount ? nil : .damaged(nil)
    }

    /// Where the stream's name stands in a record whose structure is sound.
    static func streamRange(_ record: RawSpan) -> Range<Int> {
        headerLength..<headerLength + Int(record.u16(at: streamLengthOffset))
    }

    /// Where the type stands in a record whose structure is sound.
    static func typeRange(_ record: RawSpan) -> Range<Int> {
        let start = streamRange(record).upperBound
        return start..<start + Int(record.u16(at: typeLengthOffset))
    }

    /// Where the data stands in a record whose structure is sound.
    @usableFromInline
    static func dataRange(_ record: RawSpan) -> Range<Int> {
        let start = typeRange(record).upperBound
        return start..<start + Int(record.u16(at: dataLengthOffset))
    }

    /// Where the metadata stands in a record whose structure is sound.
    @usableFromInline
    static func metadataRange(_ record: RawSpan) -> Range<Int> {
        dataRange(record).upperBound..<record.byteCount
    }

    /// The commit's id in a record.
    static func commitID(_ record: RawSpan) -> CommitID {
        CommitID(
            high: record.bigEndianU64(at: commitIDOffset), low: record.bigEndianU64(at: commitIDOffset + 8))
    }
}

extension RawSpan {
    /// The byte at an offset; traps outside the span.
    func u8(at offset: Int) -> UInt8 { load(offset) }

    /// The little-endian integer at an offset; traps outside the span.
    func u16(at offset: Int) -> UInt16 { UInt16(littleEndian: load(offset)) }

    /// The little-endian integer at an offset; traps outside the span.
    func u64(at offset: Int) -> UInt64 { UInt64(littleEndian: load(offset)) }

    /// The big-endian integer at an offset; traps outside the span.
    func bigEndianU64(at offset: Int) -> UInt64 { UInt64(bigEndian: load(offset)) }

    private func load<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: Int) -> Value {
        // Every bit pattern is an integer, and the load checks its bounds.
        unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self)
    }

    /// Whether the bytes in a range are this text's UTF-8.
    func holds(_ text: String, in range: Range<Int>) -> Bool {
        guard range.count == text.utf8.count else { return false }
        var text = text
        return text.withUTF8 { theirs in
            unsafe range.count == theirs.count
                && extracting(range).withUnsafeBytes { mine in
                    guard let left = mine.baseAddress, let right = theirs.baseAddress else { return true }
                    return unsafe memcmp(left, right, theirs.count) == 0
                }
        }
    }
}
