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
    private var values: [[UInt8]: [UInt8]] = [:]
    /// The keys in order; nil after a write, until somebody scans.
    private var ordered: [[UInt8]]?

    func withValue<R>(of key: [UInt8], _ decode: (RawSpan) throws -> R) throws -> R? {
        guard let value = values[key] else { return nil }
        return try decode(value.span.bytes)
    }

    func scan(
        from lower: [UInt8], upTo upper: [UInt8]?, reversed: Bool, _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        let keys = ordered ?? values.keys.sorted { $0.lexicographicallyPrecedes($1) }
        ordered = keys
        let inside = keys.filter { key in
            !key.lexicographicallyPrecedes(lower) && (upper.map { key.lexicographicallyPrecedes($0) } ?? true)
        }
        for key in reversed ? inside.reversed() : inside {
            guard let value = values[key], try body(key.span.bytes, value.span.bytes) else { return }
        }
    }

    func write(_ writes: RowWrites) {
        writes.forEach { key, value in
            values[Array(key)] = value.map { Array($0) }
        }
        ordered = nil
    }
}
