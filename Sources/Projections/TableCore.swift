import CanonicalJSON

/// What the tables of one fold share.
final class FoldContext {
    /// The first failure to read a row since the batch began.
    var failure: (any Error)?
}

/// A table without its types, as the fold around it sees it.
protocol AnyTable: AnyObject {
    var name: String { get }
    /// The bytes that all keys of the table begin with.
    var prefix: [UInt8] { get }
    /// How many rows are kept decoded.
    var cachedRows: Int { get }
    /// Hands over the changed rows; from then on they count as committed.
    func drain(into writes: inout RowWrites, _ writer: inout CanonicalWriter)
    /// Forgets all rows that are kept, changed ones too.
    func forget()
}

/// The rows of a table: a write-back cache of decoded rows in front of the committed bytes.
final class TableCore<Key: ViewKey, Row: ViewRow>: AnyTable {
    private struct Entry {
        var row: Row?
        var isChanged: Bool
    }

    let name: String
    let prefix: [UInt8]
    private let source: any RowSource
    /// Nil when the table is only read.
    private let context: FoldContext?
    private var cache: [Key: Entry] = [:]
    private var changed: [Key] = []

    init(name: String, prefix: [UInt8], source: any RowSource, context: FoldContext?) {
        self.name = name
        self.prefix = prefix
        self.source = source
        self.context = context
    }

    var cachedRows: Int { cache.count }

    func row(_ key: Key) -> Row? {
        if let entry = cache[key] { return entry.row }
        let row = loadOrFail(key)
        cache[key] = Entry(row: row, isChanged: false)
        return row
    }

    func set(_ key: Key, _ row: Row?) {
        let before = cache.updateValue(Entry(row: row, isChanged: true), forKey: key)
        if before?.isChanged != true { changed.append(key) }
    }

    /// The row of a key, changed in place.
    subscript(key: Key) -> Row? {
        get { row(key) }
        _modify {
            let place = place(of: key)
            if !cache.values[place].isChanged {
                cache.values[place].isChanged = true
                changed.append(key)
            }
            yield &cache.values[place].row
        }
    }

    private func place(of key: Key) -> Dictionary<Key, Entry>.Index {
        if let place = cache.index(forKey: key) { return place }
        cache[key] = Entry(row: loadOrFail(key), isChanged: false)
        guard let place = cache.index(forKey: key) else { preconditionFailure("a key that was just set is there") }
        return place
    }

    private func loadOrFail(_ key: Key) -> Row? {
        do {
            return try load(key)
        } catch {
            if let context, context.failure == nil { context.failure = error }
            return nil
        }
    }

    func load(_ key: Key) throws -> Row? {
        try source.withValue(of: bytes(of: key)) { bytes in try Row(canonicalBytes: bytes) }
    }

    func contains(_ key: Key) throws -> Bool {
        try source.withValue(of: bytes(of: key)) { _ in true } ?? false
    }

    func scan(
        _ part: KeyPrefix, from first: Key?, reversed: Bool, _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        guard context == nil else { throw KeyError("table \(name): events are folded by key alone, without scans") }
        let bounds = KeyBounds(prefix: prefix + part.bytes, from: first.map(bytes(of:)), reversed: reversed)
        try source.scan(from: bounds.lower, upTo: bounds.upper, reversed: reversed, body)
    }

    func key(from bytes: RawSpan) throws -> Key {
        var reader = KeyReader(bytes: bytes.withUnsafeBytes { Array($0) }[prefix.count...])
        let key = try Key(from: &reader)
        guard reader.bytes.isEmpty else { throw KeyError("\(reader.bytes.count) bytes follow the key") }
        return key
    }

    func drain(into writes: inout RowWrites, _ writer: inout CanonicalWriter) {
        for key in changed {
            guard let place = cache.index(forKey: key) else { preconditionFailure("a changed row is kept") }
            cache.values[place].isChanged = false
            writes.add(prefix, key, cache.values[place].row, &writer)
        }
        changed.removeAll(keepingCapacity: true)
    }

    func forget() {
        cache.removeAll(keepingCapacity: true)
        changed.removeAll(keepingCapacity: true)
    }

    private func bytes(of key: Key) -> [UInt8] {
        var writer = KeyWriter(bytes: prefix)
        writer.append(key)
        return writer.bytes
    }
}

/// The range of keys that a scan visits.
struct KeyBounds: Equatable {
    let lower: [UInt8]
    /// The smallest key beyond; nil means to the end.
    let upper: [UInt8]?

    init(prefix: [UInt8], from first: [UInt8]?, reversed: Bool) {
        let end = Self.end(of: prefix)
        guard let first else {
            (lower, upper) = (prefix, end)
            return
        }
        if reversed {
            // The smallest key after `first` is `first` with a zero byte.
            let after = first + [0]
            (lower, upper) = (prefix, end.map { after.lexicographicallyPrecedes($0) ? after : $0 } ?? after)
        } else {
            (lower, upper) = (prefix.lexicographicallyPrecedes(first) ? first : prefix, end)
        }
    }

    /// The smallest key that is greater than all keys with a prefix; nil if there is none.
    static func end(of prefix: [UInt8]) -> [UInt8]? {
        prefix.lastIndex { $0 != 0xFF }.map { last in Array(prefix[..<last]) + [prefix[last] + 1] }
    }
}
