public import CanonicalJSON

/// A row of a read model: kept as its canonical JSON.
@usableFromInline
package typealias ViewRow = CanonicalCodable & Sendable

/// A table of a read model, from typed keys to typed rows.
///
/// While events are folded, rows are read and written by key alone and kept decoded until the batch ends. Queries see
/// one committed state and may also scan.
@usableFromInline
package struct ViewTable<Key: ViewKey, Row: ViewRow> {
    @usableFromInline package let core: TableCore<Key, Row>

    @inlinable
    package init(_ core: TableCore<Key, Row>) { self.core = core }

    /// The row of a key, for `apply`; nil when there is none, and setting nil removes it.
    ///
    /// A row that can't be read is nil too, and the batch isn't committed.
    @inlinable
    package subscript(key: Key) -> Row? {
        get { core.row(key) }
        set { core.set(key, newValue) }
        _modify { yield &core[key] }
    }

    /// Changes a row in place if there is one, for `apply`; nil if there is none.
    ///
    /// `body` can't look at the same table.
    @inlinable
    @discardableResult
    package func change<Result>(_ key: Key, _ body: (inout Row) throws -> Result) rethrows -> Result? {
        try core.change(key, body)
    }

    /// Lends a row to be changed in place if there is one, for `apply`; it counts as changed only if `body` says so.
    @inlinable
    package func reconsider(_ key: Key, _ body: (inout Row) throws -> Bool) rethrows -> Bool {
        try core.reconsider(key, body)
    }

    /// The row of a key, for queries.
    @inlinable
    package func get(_ key: Key) throws -> Row? { try core.load(key) }

    /// Whether there is a row, for queries.
    @inlinable
    package func contains(_ key: Key) throws -> Bool { try core.contains(key) }

    /// The rows whose keys have a prefix, in key order or reversed, at most `limit`; for queries.
    ///
    /// Begins at `from`, which is included if it is there: the smallest key to return, or reversed the greatest.
    @usableFromInline
    package func scan(
        prefix: KeyPrefix = KeyPrefix(), from first: Key? = nil, limit: Int = .max, reversed: Bool = false
    ) throws -> [(key: Key, row: Row)] {
        var rows: [(key: Key, row: Row)] = []
        guard limit > 0 else { return rows }
        try forEach(prefix: prefix, from: first, reversed: reversed) { key, row in
            rows.append((key, row))
            return rows.count < limit
        }
        return rows
    }

    /// Passes rows one by one, without keeping them, as long as `body` says so; for queries.
    @usableFromInline
    package func forEach(
        prefix: KeyPrefix = KeyPrefix(), from first: Key? = nil, reversed: Bool = false,
        _ body: (Key, Row) throws -> Bool
    ) throws {
        try core.scan(prefix, from: first, reversed: reversed) { key, value in
            try body(core.key(from: key), Row(canonicalBytes: value))
        }
    }

    /// How many rows have keys with a prefix; reads them all.
    @usableFromInline
    package func count(prefix: KeyPrefix = KeyPrefix()) throws -> Int {
        var count = 0
        try core.scan(prefix, from: nil, reversed: false) { _, _ in
            count += 1
            return true
        }
        return count
    }
}
