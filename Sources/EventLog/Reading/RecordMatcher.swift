import Determinism
import Glibc

/// A filter made ready to compare the bytes of records in place; positions and stream are the reader's business.
struct RecordMatcher: Sendable {
    private let types: [[UInt8]]?
    /// Each with its hyphen.
    private let categories: [[UInt8]]?
    private let stream: [UInt8]?
    private let times: Range<Int64>?
    /// Whether every record matches.
    let matchesAll: Bool

    init(_ filter: EventFilter) {
        types = filter.types.map { $0.map { Array($0.text.utf8) } }
        categories = filter.categories.map { $0.map { Array($0.utf8) + [UInt8(ascii: "-")] } }
        stream = filter.stream.map { Array($0.text.utf8) }
        times = filter.times.map { $0.lowerBound.microseconds..<$0.upperBound.microseconds }
        matchesAll = types == nil && categories == nil && stream == nil && times == nil
    }

    /// Whether a record, whose structure is sound, matches.
    func matches(_ record: RawSpan) -> Bool {
        if matchesAll { return true }
        if let times, !times.contains(Int64(bitPattern: record.u64(at: RecordLayout.timeOffset))) { return false }
        if let types {
            let range = RecordLayout.typeRange(record)
            guard types.contains(where: { $0.count == range.count && record.has($0, at: range.lowerBound) }) else {
                return false
            }
        }
        let name = RecordLayout.streamRange(record)
        if let stream, stream.count != name.count || !record.has(stream, at: name.lowerBound) { return false }
        if let categories {
            return categories.contains { $0.count <= name.count && record.has($0, at: name.lowerBound) }
        }
        return true
    }
}

extension RawSpan {
    /// Whether these bytes stand at an offset; traps when they would not fit.
    fileprivate func has(_ bytes: [UInt8], at offset: Int) -> Bool {
        unsafe extracting(offset..<offset + bytes.count).withUnsafeBytes { mine in
            unsafe bytes.withUnsafeBytes { theirs in
                guard let left = mine.baseAddress, let right = theirs.baseAddress else { return true }
                return unsafe memcmp(left, right, theirs.count) == 0
            }
        }
    }
}
