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

        @inlinable
        package init(key: Range<Int32>, value: Range<Int32>) {
            self.key = key
            self.value = value
        }
    }

    @usableFromInline package var bytes: [UInt8] = []
    @usableFromInline package var entries: [Entry] = []

    init() {}

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

    /// Puts the rows in key order.
    mutating func sort() {
        bytes.withUnsafeBytes { bytes in
            entries.sort { left, right in
                precedes(bytes.part(left.key), bytes.part(right.key))
            }
        }
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
    fileprivate func part(_ range: Range<Int32>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[Int(range.lowerBound)..<Int(range.upperBound)])
    }
}

/// Whether bytes come first in the order of LMDB: byte by byte, a prefix before what it begins.
private func precedes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard let a = left.baseAddress, let b = right.baseAddress else { return left.count < right.count }
    let order = memcmp(a, b, min(left.count, right.count))
    return order != 0 ? order < 0 : left.count < right.count
}
