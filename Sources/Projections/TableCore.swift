public import CanonicalJSON

/// What the tables of one fold share.
@usableFromInline
package final class FoldContext {
    /// The first failure to read a row since the batch began.
    @usableFromInline package var failure: (any Error)?

    @usableFromInline
    package init() {}
}

/// A table without its types, as the fold around it sees it.
@usableFromInline
package protocol AnyTable: AnyObject {
    var name: String { get }
    /// The bytes that all keys of the table begin with.
    var prefix: [UInt8] { get }
    /// How many rows are kept decoded.
    var keptRows: Int { get }
    /// Hands over the changed rows; from then on they count as committed.
    func drain(into writes: inout RowWrites, _ writer: inout CanonicalWriter)
    /// Forgets all rows that are kept, changed ones too.
    func forget()
}

/// The rows of a table: a write-back cache of decoded rows in front of the committed bytes.
///
/// Inlinable, so that the modules that name the row types compile it for them; that is several times as fast.
@usableFromInline
package final class TableCore<Key: ViewKey, Row: ViewRow>: AnyTable {
    @usableFromInline
    package struct Slot {
        @usableFromInline package let key: Key
        @usableFromInline package var row: Row?
        @usableFromInline package var isChanged: Bool

        @inlinable
        package init(key: Key, row: Row?, isChanged: Bool) {
            self.key = key
            self.row = row
            self.isChanged = isChanged
        }
    }

    @usableFromInline package let name: String
    @usableFromInline package let prefix: [UInt8]
    @usableFromInline package let source: any RowSource
    /// Nil when the table is only read.
    @usableFromInline package let context: FoldContext?
    /// The rows that are kept, in the order in which they were first asked for.
    @usableFromInline package var slots: [Slot] = []
    /// Where in `slots` a key is.
    @usableFromInline package var places: [Key: Int] = [:]
    /// Where in `slots` the changed rows are.
    @usableFromInline package var changed: [Int] = []
    /// The place that was asked for last: a row is often read and then written.
    @usableFromInline package var recent = 0
    /// `drainChanged`, compiled for the types: through the protocol it would not be.
    @usableFromInline package let drainTyped: (TableCore, inout RowWrites, inout CanonicalWriter) -> Void

    @inlinable
    package init(name: String, prefix: [UInt8], source: any RowSource, context: FoldContext?) {
        self.name = name
        self.prefix = prefix
        self.source = source
        self.context = context
        drainTyped = { table, writes, writer in table.drainChanged(into: &writes, &writer) }
    }

    @inlinable
    package func row(_ key: Key) -> Row? {
        if let place = known(key) { return slots[place].row }
        let row = loadOrFail(key)
        keep(key, row, isChanged: false)
        return row
    }

    @inlinable
    package func set(_ key: Key, _ row: Row?) {
        guard let place = known(key) else {
            changed.append(slots.count)
            keep(key, row, isChanged: true)
            return
        }
        slots[place].row = row
        markChanged(place)
    }

    /// The row of a key, changed in place.
    @inlinable
    package subscript(key: Key) -> Row? {
        get { row(key) }
        _modify {
            let place = known(key) ?? keep(key, loadOrFail(key), isChanged: false)
            markChanged(place)
            yield &slots[place].row
        }
    }

    @inlinable
    package func known(_ key: Key) -> Int? {
        if recent < slots.count, slots[recent].key == key { return recent }
        guard let place = places[key] else { return nil }
        recent = place
        return place
    }

    @inlinable
    @discardableResult
    package func keep(_ key: Key, _ row: Row?, isChanged: Bool) -> Int {
        let place = slots.count
        slots.append(Slot(key: key, row: row, isChanged: isChanged))
        places[key] = place
        recent = place
        return place
    }

    @inlinable
    package func markChanged(_ place: Int) {
        if slots[place].isChanged { return }
        slots[place].isChanged = true
        changed.append(place)
    }

    @inlinable
    package func loadOrFail(_ key: Key) -> Row? {
        do {
            return try load(key)
        } catch {
            if let context, context.failure == nil { context.failure = error }
            return nil
        }
    }

    @inlinable
    package func load(_ key: Key) throws -> Row? {
        try source.withValue(of: bytes(of: key)) { bytes in try Row(canonicalBytes: bytes) }
    }

    @inlinable
    package func contains(_ key: Key) throws -> Bool {
        try source.withValue(of: bytes(of: key)) { _ in true } ?? false
    }

    @inlinable
    package func bytes(of key: Key) -> [UInt8] {
        var writer = KeyWriter(prefix)
        writer.append(key)
        return writer.bytes
    }

    @inlinable
    package func drainChanged(into writes: inout RowWrites, _ writer: inout CanonicalWriter) {
        for place in changed {
            slots[place].isChanged = false
            writes.add(prefix, slots[place].key, slots[place].row, &writer)
        }
        changed.removeAll(keepingCapacity: true)
    }

    @usableFromInline
    package func drain(into writes: inout RowWrites, _ writer: inout CanonicalWriter) {
        drainTyped(self, &writes, &writer)
    }

    @usableFromInline package var keptRows: Int { slots.count }

    @usableFromInline
    package func forget() {
        slots.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        changed.removeAll(keepingCapacity: true)
    }
}

extension TableCore {
    @usableFromInline
    package func scan(
        _ part: KeyPrefix, from first: Key?, reversed: Bool, _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        guard context == nil else { throw KeyError("table \(name): events are folded by key alone, without scans") }
        let bounds = KeyBounds(prefix: prefix + part.bytes, from: first.map(bytes(of:)), reversed: reversed)
        try source.scan(from: bounds.lower, upTo: bounds.upper, reversed: reversed, body)
    }

    @usableFromInline
    package func key(from bytes: RawSpan) throws -> Key {
        var reader = KeyReader(bytes: bytes.withUnsafeBytes { Array($0) }[prefix.count...])
        let key = try Key(from: &reader)
        guard reader.bytes.isEmpty else { throw KeyError("\(reader.bytes.count) bytes follow the key") }
        return key
    }
}
