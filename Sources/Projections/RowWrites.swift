public import CanonicalJSON
import Glibc

/// The rows that a batch changed, encoded once each and in key order.
///
/// All bytes are in one buffer, so that a batch of many thousand rows costs few allocations.
@usableFromInline
package struct RowWrites: Sendable {
    @usableFromInline
    package struct Entry: Sendable {
        @usableFromInline package let key: Range<Int32>
        /// Empty for a row that was removed: no JSON value is empty.
        @usableFromInline package let value: Range<Int32>

        /// Eight bytes of the key, from where the keys of its table begin to differ.
        var rank: UInt64 = 0

        @usableFromInline
        package init(key: Range<Int32>, value: Range<Int32>) {
            self.key = key
            self.value = value
        }
    }

    @usableFromInline package var bytes: [UInt8] = []
    @usableFromInline package var entries: [Entry] = []

    init() {}

    /// Makes room for some rows; what isn't used is never touched.
    mutating func reserve(_ rows: Int) {
        entries.reserveCapacity(rows)
        bytes.reserveCapacity(min(rows * 1_024, 1 << 28))
    }

    /// The first key in order, if there is a row and none is removed.
    var firstKeyOfAdditions: [UInt8]? {
        guard let first = entries.first, entries.allSatisfy({ !$0.value.isEmpty }) else { return nil }
        return Array(bytes[Int(first.key.lowerBound)..<Int(first.key.upperBound)])
    }

    var isEmpty: Bool { entries.isEmpty }

    /// Adds a row, or its removal; `writer` is lent so that its memory is used again.
    @inlinable
    package mutating func add(
        _ prefix: [UInt8], _ key: some ViewKey, _ row: (some CanonicalEncodable)?, _ writer: inout CanonicalWriter
    ) {
        let start = Int32(bytes.count)
        var keyWriter = KeyWriter([])
        swap(&keyWriter.bytes, &bytes)
        keyWriter.bytes.append(contentsOf: prefix)
        keyWriter.append(key)
        swap(&keyWriter.bytes, &bytes)
        let middle = Int32(bytes.count)
        if let row {
            writer.removeAll()
            row.encode(to: &writer)
            writer.withBytes { bytes.append(contentsOf: $0) }
        }
        entries.append(Entry(key: start..<middle, value: middle..<Int32(bytes.count)))
    }

    var count: Int { entries.count }

    /// Puts the rows from an index on, those of one table, in key order.
    mutating func sort(from first: Int) {
        guard entries.count - first > 1 else { return }
        bytes.withUnsafeBytes { bytes in
            let common = commonLength(from: first, bytes)
            for index in first..<entries.count {
                entries[index].rank = bytes.rank(of: entries[index].key, from: common)
            }
            if isSorted(from: first, bytes) { return }
            entries[first...].sort { left, right in
                if left.rank != right.rank { return left.rank < right.rank }
                return precedes(bytes.part(left.key), bytes.part(right.key))
            }
        }
    }

    private func isSorted(from first: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        (first + 1..<entries.count).allSatisfy { index in
            let (left, right) = (entries[index - 1], entries[index])
            return left.rank < right.rank
                || left.rank == right.rank && precedes(bytes.part(left.key), bytes.part(right.key))
        }
    }

    /// How many bytes all keys from an index on begin with.
    private func commonLength(from first: Int, _ bytes: UnsafeRawBufferPointer) -> Int {
        let one = bytes.part(entries[first].key)
        var common = one.count
        for entry in entries[first...] {
            let other = bytes.part(entry.key)
            common = min(common, other.count)
            var length = 0
            while length + 8 <= common, one.word(at: length) == other.word(at: length) { length += 8 }
            while length < common, one[length] == other[length] { length += 1 }
            common = length
        }
        return common
    }

    /// Lends each key with its value, nil for a removed row, in order.
    func forEach(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) throws -> Void) rethrows {
        try bytes.withUnsafeBytes { bytes in
            for entry in entries {
                let value = entry.value.isEmpty ? nil : bytes.part(entry.value)
                try body(bytes.part(entry.key), value)
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func word(at offset: Int) -> UInt64 { loadUnaligned(fromByteOffset: offset, as: UInt64.self) }

    /// The eight bytes of a key behind those that all have, as a number; zeros follow a shorter one.
    fileprivate func rank(of range: Range<Int32>, from common: Int) -> UInt64 {
        let key = part(range)
        if key.count >= common + 8 { return UInt64(bigEndian: key.word(at: common)) }
        return (common..<common + 8).reduce(0) { $0 << 8 | ($1 < key.count ? UInt64(key[$1]) : 0) }
    }

    fileprivate func part(_ range: Range<Int32>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[Int(range.lowerBound)..<Int(range.upperBound)])
    }
}

/// Whether bytes come first in the order of LMDB: byte by byte, a prefix before what it begins.
func precedes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard let a = left.baseAddress, let b = right.baseAddress else { return left.count < right.count }
    let order = memcmp(a, b, min(left.count, right.count))
    return order != 0 ? order < 0 : left.count < right.count
}
