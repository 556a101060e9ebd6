public import CLMDB

/// Which way a scan goes.
public enum ScanDirection: Sendable {
    /// From small to great.
    case forward
    /// From great to small.
    case backward
}

/// A range of byte keys.
public enum KeyRange: Hashable, Sendable {
    /// Every key.
    case all
    /// The keys that begin with these bytes.
    case prefix([UInt8])
    /// The keys from the first bytes on, up to and without the second; nil means to the end.
    case from([UInt8], upTo: [UInt8]?)

    /// The smallest key that may be in the range; empty if there is no such bound.
    @usableFromInline var lower: [UInt8] {
        switch self {
        case .all: []
        case .prefix(let bytes): bytes
        case .from(let bytes, _): bytes
        }
    }

    /// The smallest key beyond the range, or nil if it goes to the end.
    @usableFromInline var upper: [UInt8]? {
        switch self {
        case .all: nil
        case .from(_, let bytes): bytes
        case .prefix(let bytes):
            bytes.lastIndex { $0 != 0xFF }.map { last in Array(bytes[..<last]) + [bytes[last] + 1] }
        }
    }
}

/// Scans. The body says whether to go on.
extension Transaction where Self: ~Copyable {
    /// Lends the entries of an integer-keyed table in key order, beginning at `first`.
    ///
    /// If there is no `first` it begins at the nearest one after it, or, going backward, before it; nil means the end
    /// of the table from which the scan comes.
    @inlinable
    public func forEach(
        from first: UInt64?, in table: Table, _ direction: ScanDirection = .forward,
        _ body: (UInt64, RawSpan) throws -> Bool
    ) throws {
        var cursor = try Cursor(_handle, table)
        let forward = direction == .forward
        var more = forward ? try cursor.seek(to: first ?? 0) : try cursor.seek(atOrBefore: first ?? .max)
        while more {
            if try !cursor.withIntegerEntry(body) { return }
            more = try cursor.move(forward ? MDB_NEXT : MDB_PREV)
        }
    }

    /// Lends the entries whose keys are in a range, in the order of the keys' bytes.
    @inlinable
    public func forEach(
        in table: Table, _ range: KeyRange = .all, _ direction: ScanDirection = .forward,
        _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        var cursor = try Cursor(_handle, table)
        let forward = direction == .forward
        let bound = forward ? range.upper : range.lower
        var more = forward ? try cursor.seekStart(of: range) : try cursor.seekEnd(of: range)
        while more {
            if let bound, try cursor.keyPrecedes(bound) == !forward { return }
            if try !cursor.withEntry(body) { return }
            more = try cursor.move(forward ? MDB_NEXT : MDB_PREV)
        }
    }

    /// Passes the integer duplicates of an integer key in order, beginning at `first`.
    ///
    /// If there is no `first` it begins at the nearest one after it, or, going backward, before it. Forward it reads a page at a time.
    @inlinable
    public func forEachDuplicate(
        of key: UInt64, from first: UInt64? = nil, in table: Table, _ direction: ScanDirection = .forward,
        _ body: (UInt64) throws -> Bool
    ) throws {
        var cursor = try Cursor(_handle, table)
        switch direction {
        case .forward: try cursor.duplicatesForward(of: key, from: first ?? 0, body)
        case .backward: try cursor.duplicatesBackward(of: key, from: first ?? .max, body)
        }
    }

    /// The greatest integer duplicate of an integer key, or nil if the key isn't there.
    public func lastDuplicate(of key: UInt64, in table: Table) throws -> UInt64? {
        var last: UInt64?
        try forEachDuplicate(of: key, in: table, .backward) { value in
            last = value
            return false
        }
        return last
    }
}

extension Cursor {
    @usableFromInline
    mutating func seekStart(of range: KeyRange) throws(LMDBError) -> Bool {
        let lower = range.lower
        return lower.isEmpty ? try first() : try seek(to: unsafe lower.span.bytes)
    }

    @usableFromInline
    mutating func seekEnd(of range: KeyRange) throws(LMDBError) -> Bool {
        guard let upper = range.upper else { return try last() }
        if upper.isEmpty { return false }
        return try seek(to: unsafe upper.span.bytes) ? try previous() : try last()
    }

    /// Whether the entry's key comes before other bytes.
    @inlinable
    func keyPrecedes(_ bytes: [UInt8]) throws(LMDBError) -> Bool {
        let key = unsafe keyBytes.buffer
        let common = min(key.count, bytes.count)
        for index in 0..<common where unsafe key[index] != bytes[index] {
            return unsafe key[index] < bytes[index]
        }
        return key.count < bytes.count
    }

    @inlinable
    mutating func duplicatesForward(of key: UInt64, from first: UInt64, _ body: (UInt64) throws -> Bool) throws {
        guard try seek(to: key, duplicate: first) else { return }
        // The single duplicate of a key isn't on a page of duplicates: then the value stays what it is.
        var more = try move(MDB_GET_MULTIPLE)
        while more {
            let page = unsafe valueBytes
            let goOn = try unsafe transaction.lend(page) { page in
                for offset in stride(from: 0, to: page.byteCount, by: 8) {
                    let value = unsafe page.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    if value >= first, try !body(value) { return false }
                }
                return true
            }
            if !goOn { return }
            more = try move(MDB_NEXT_MULTIPLE)
        }
    }

    @inlinable
    mutating func duplicatesBackward(of key: UInt64, from first: UInt64, _ body: (UInt64) throws -> Bool) throws {
        var more = try seekDuplicate(of: key, atOrBefore: first)
        while more {
            if unsafe try !body(valueBytes.buffer.loadUnaligned(as: UInt64.self)) { return }
            more = try move(MDB_PREV_DUP)
        }
    }

    @usableFromInline
    mutating func seekDuplicate(of key: UInt64, atOrBefore value: UInt64) throws(LMDBError) -> Bool {
        if try seek(to: key, duplicate: value) {
            return unsafe valueBytes.buffer.loadUnaligned(as: UInt64.self) == value ? true : try move(MDB_PREV_DUP)
        }
        return try seek(exactly: key) ? try move(MDB_LAST_DUP) : false
    }
}
