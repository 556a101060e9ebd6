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
    /// How many rows have changed since the last drain.
    var changedRows: Int { get }
    /// How many rows are kept decoded.
    var keptRows: Int { get }
    /// Takes note that no row is committed, so that none has to be looked for.
    func begin()
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
        /// False if there certainly is no committed row, so that none has to be removed.
        @usableFromInline package var isStored: Bool

        @inlinable
        package init(key: Key, row: Row?, isChanged: Bool, isStored: Bool) {
            self.key = key
            self.row = row
            self.isChanged = isChanged
            self.isStored = isStored
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
    @usableFromInline var index = SlotIndex()
    /// Whether all rows of the table are kept, so that one that isn't is nowhere.
    @usableFromInline package var isComplete = false
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
        guard let place = placeIfThere(key) else { return nil }
        return slots[place].row
    }

    @inlinable
    package func set(_ key: Key, _ row: Row?) {
        let hash = hash(of: key)
        let place = known(key, hash) ?? keep(key, hash, nil, isStored: !isComplete)
        slots[place].row = row
        markChanged(place)
    }

    /// The row of a key, changed in place.
    @inlinable
    package subscript(key: Key) -> Row? {
        get { row(key) }
        _modify {
            let place = place(of: key)
            markChanged(place)
            yield &slots[place].row
        }
    }

    /// Changes a row in place if there is one; nil if there is none.
    @inlinable
    @discardableResult
    package func change<Result>(_ key: Key, _ body: (inout Row) throws -> Result) rethrows -> Result? {
        guard let place = placeIfThere(key), slots[place].row != nil else { return nil }
        markChanged(place)
        return try slots[place].row?.changed(by: body)
    }

    /// Lends a row to be changed in place if there is one; it counts as changed only if `body` says so.
    @inlinable
    package func reconsider(_ key: Key, _ body: (inout Row) throws -> Bool) rethrows -> Bool {
        guard let place = placeIfThere(key), try slots[place].row?.changed(by: body) == true else { return false }
        markChanged(place)
        return true
    }

    @inlinable
    func hash(of key: Key) -> UInt64 {
        var hash = KeyHash()
        key.mix(into: &hash)
        return hash.value
    }

    /// Where the row of a key is kept, after reading it if need be.
    @inlinable
    func place(of key: Key) -> Int {
        let hash = hash(of: key)
        if let place = known(key, hash) { return place }
        let row = isComplete ? nil : loadOrFail(key)
        return keep(key, hash, row, isStored: row != nil)
    }

    /// As `place(of:)`, but keeps nothing of a row that certainly is nowhere.
    @inlinable
    func placeIfThere(_ key: Key) -> Int? {
        let hash = hash(of: key)
        if let place = known(key, hash) { return place }
        if isComplete { return nil }
        let row = loadOrFail(key)
        return keep(key, hash, row, isStored: row != nil)
    }

    @inlinable
    func known(_ key: Key, _ hash: UInt64) -> Int? {
        if recent < slots.count, slots[recent].key == key { return recent }
        guard let place = index.place(hash, { slots[$0].key == key }) else { return nil }
        recent = place
        return place
    }

    @inlinable
    func keep(_ key: Key, _ hash: UInt64, _ row: Row?, isStored: Bool) -> Int {
        let place = slots.count
        if place == slots.capacity { slots.reserveCapacity(roomier(than: place)) }
        slots.append(Slot(key: key, row: row, isChanged: false, isStored: isStored))
        index.insert(hash, place)
        recent = place
        return place
    }

    /// For how many rows there shall be room: memory that isn't touched costs nothing, and moving rows does.
    @inlinable
    func roomier(than count: Int) -> Int {
        // A table that is filled from nothing, and has become more than small, will be large.
        isComplete && count >= 1_024 ? max(65_536, 4 * count) : max(16, 4 * count)
    }

    @inlinable
    func markChanged(_ place: Int) {
        if slots[place].isChanged { return }
        slots[place].isChanged = true
        changed.append(place)
    }

    @inlinable
    func loadOrFail(_ key: Key) -> Row? {
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
            let isThere = slots[place].row != nil
            // What came and went within a batch was never stored.
            guard isThere || slots[place].isStored else { continue }
            slots[place].isStored = isThere
            writes.add(prefix, slots[place].key, slots[place].row, &writer)
        }
        changed.removeAll(keepingCapacity: true)
    }

    @usableFromInline
    package func drain(into writes: inout RowWrites, _ writer: inout CanonicalWriter) {
        drainTyped(self, &writes, &writer)
    }

    @usableFromInline package var keptRows: Int { slots.count }
    @usableFromInline package var changedRows: Int { changed.count }

    @usableFromInline
    package func begin() { isComplete = slots.isEmpty }

    @usableFromInline
    package func forget() {
        isComplete = false
        slots.removeAll(keepingCapacity: true)
        index.removeAll()
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

extension CanonicalEncodable {
    /// Lends the value to be changed in place.
    @inlinable
    mutating func changed<Result>(by body: (inout Self) throws -> Result) rethrows -> Result { try body(&self) }
}
