import Determinism

/// The digest of a read model: SHA-256 over table name, key and value of each row, in table then key order.
///
/// Each part stands behind its length in bytes (8 bytes, little-endian). Equal for the same events and version of the
/// projector, on any machine, however the tables were built.
struct ViewDigest {
    private var builder = DigestBuilder()

    mutating func add(table: String, key: RawSpan, value: RawSpan) {
        builder.update(UInt64(table.utf8.count))
        builder.update(table)
        add(key)
        add(value)
    }

    private mutating func add(_ bytes: RawSpan) {
        builder.update(UInt64(bytes.byteCount))
        builder.update(bytes)
    }

    var digest: Digest { builder.digest() }

    /// The digest of all rows in some tables.
    static func of(_ tables: [any AnyTable], in source: any RowSource) throws -> Digest {
        var digest = ViewDigest()
        for table in tables {
            let bounds = KeyBounds(prefix: table.prefix, from: nil, reversed: false)
            // The last byte of the prefix is the table's number; what stands before it differs between builds.
            let tableStart = table.prefix.count
            try source.scan(from: bounds.lower, upTo: bounds.upper, reversed: false) { key, value in
                digest.add(table: table.name, key: key.extracting(tableStart...), value: value)
                return true
            }
        }
        return digest.digest
    }
}
