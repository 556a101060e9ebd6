/// Where the committed rows of a read model are.
@usableFromInline
package protocol RowSource: AnyObject {
    /// Lends the value of a key to `decode`; nil if there is none.
    func withValue<R>(of key: [UInt8], _ decode: (RawSpan) throws -> R) throws -> R?

    /// Lends the entries from `lower` up to and not including `upper`, in key order or reversed, as long as `body`
    /// says so.
    func scan(
        from lower: [UInt8], upTo upper: [UInt8]?, reversed: Bool, _ body: (RawSpan, RawSpan) throws -> Bool) throws
}

/// Rows in memory, for tests and for folding a few events.
final class MemoryRows: RowSource {
    /// In key order.
    private var rows: [(key: [UInt8], value: [UInt8])] = []

    func withValue<R>(of key: [UInt8], _ decode: (RawSpan) throws -> R) throws -> R? {
        let place = key.withUnsafeBytes { self.place(of: $0) }
        guard place < rows.count, rows[place].key == key else { return nil }
        let value = rows[place].value
        return try decode(value.span.bytes)
    }

    func scan(
        from lower: [UInt8], upTo upper: [UInt8]?, reversed: Bool, _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        let first = lower.withUnsafeBytes { self.place(of: $0) }
        let end = upper.map { upper in upper.withUnsafeBytes { self.place(of: $0) } } ?? rows.count
        guard first < end else { return }
        for step in 0..<(end - first) {
            let (key, value) = rows[reversed ? end - 1 - step : first + step]
            guard try body(key.span.bytes, value.span.bytes) else { return }
        }
    }

    func write(_ writes: RowWrites) {
        writes.forEach { key, value in
            let place = self.place(of: key)
            let isThere = place < rows.count && rows[place].key.elementsEqual(key)
            switch (isThere, value) {
            case (true, let value?): rows[place].value = Array(value)
            case (true, nil): rows.remove(at: place)
            case (false, let value?): rows.insert((Array(key), Array(value)), at: place)
            case (false, nil): break
            }
        }
    }

    /// Where a key is, or would be inserted.
    private func place(of key: UnsafeRawBufferPointer) -> Int {
        var (low, high) = (0, rows.count)
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].key.withUnsafeBytes({ precedes($0, key) }) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
