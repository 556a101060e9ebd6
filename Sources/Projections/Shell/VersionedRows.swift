import LMDB

/// Rows as they stood at the ends of windows of the log, as one transaction sees them.
///
/// A row is kept once for each window in which it changed, at its key with the number of the window behind it. The number
/// is inverted, so that the newest comes first. No key of a table begins another one, so the keys' order stays what it is.
final class VersionedRows: RowSource {
    /// A transaction that is open somewhere up the stack.
    private struct Lent: Transaction {
        let _handle: TransactionHandle
    }

    static let suffixLength = 4
    /// What stands for a row that was removed: no JSON value.
    static let tombstone: UInt8 = 0

    private let table: Table
    /// What later windows changed isn't seen.
    var window: UInt32
    private var lent: Lent?

    init(_ table: Table, upTo window: UInt32) {
        self.table = table
        self.window = window
    }

    /// Lets `body` read rows through a transaction.
    func lend<R>(_ transaction: borrowing some Transaction & ~Copyable, _ body: () throws -> R) rethrows -> R {
        let before = lent
        lent = Lent(_handle: transaction._handle)
        defer { lent = before }
        return try body()
    }

    private var transaction: Lent {
        guard let lent else { preconditionFailure("rows are read only inside the closure that they are lent to") }
        return lent
    }

    static func suffix(of window: UInt32) -> [UInt8] {
        stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: ~window >> UInt32($0)) }
    }

    private static func window(_ key: UnsafeRawBufferPointer) -> UInt32 {
        ~UInt32(bigEndian: key.loadUnaligned(fromByteOffset: key.count - suffixLength, as: UInt32.self))
    }

    private static func isTombstone(_ value: RawSpan) -> Bool {
        value.byteCount == 1 && value.unsafeLoad(as: UInt8.self) == tombstone
    }

    func withValue<R>(of key: [UInt8], _ decode: (RawSpan) throws -> R) throws -> R? {
        var result: R?
        try transaction.forEach(in: table, .from(key + Self.suffix(of: window), upTo: nil)) { found, value in
            let isMatch = found.withUnsafeBytes { found in
                found.count == key.count + Self.suffixLength && found.starts(with: key)
            }
            if isMatch, !Self.isTombstone(value) { result = try decode(value) }
            return false
        }
        return result
    }

    func scan(
        from lower: [UInt8], upTo upper: [UInt8]?, reversed: Bool, _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        if reversed {
            try scanBackward(from: lower, upTo: upper, body)
        } else {
            try scanForward(from: lower, upTo: upper, body)
        }
    }

    /// The newest version of a key that is seen comes before its older ones.
    private func scanForward(
        from lower: [UInt8], upTo upper: [UInt8]?, _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        var current: [UInt8] = []
        try transaction.forEach(in: table, .from(lower, upTo: upper.map(Self.last))) { found, value in
            let isNews = found.withUnsafeBytes { found in
                let bare = UnsafeRawBufferPointer(rebasing: found.dropLast(Self.suffixLength))
                guard Self.window(found) <= window, !current.elementsEqual(bare) else { return false }
                current = Array(bare)
                return upper.map { upper in upper.withUnsafeBytes { precedes(bare, $0) } } ?? true
            }
            guard isNews, !Self.isTombstone(value) else { return true }
            return try body(current.span.bytes, value)
        }
    }

    /// The newest version of a key that is seen comes behind its older ones.
    private func scanBackward(
        from lower: [UInt8], upTo upper: [UInt8]?, _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        var kept: (key: [UInt8], value: [UInt8])?
        var isWanted = true
        func hand() throws {
            guard let row = kept else { return }
            kept = nil
            if row.value != [Self.tombstone] { isWanted = try body(row.key.span.bytes, row.value.span.bytes) }
        }
        try transaction.forEach(in: table, .from(lower, upTo: upper.map(Self.last)), .backward) { found, value in
            let key = found.withUnsafeBytes { Array($0.dropLast(Self.suffixLength)) }
            if let known = kept?.key, known != key { try hand() }
            let isSeen = found.withUnsafeBytes { Self.window($0) <= window }
            let isInside = upper.map { upper in key.lexicographicallyPrecedes(upper) } ?? true
            if isWanted, isSeen, isInside { kept = (key, value.withUnsafeBytes { Array($0) }) }
            return isWanted
        }
        if isWanted { try hand() }
    }

    /// A bound that lets all versions of the keys below another bound through.
    ///
    /// The smallest key after another is that one with a zero byte, which would cut off its versions.
    private static func last(_ upper: [UInt8]) -> [UInt8] {
        upper.last == 0 ? upper.dropLast() + Array(repeating: 0xFF, count: suffixLength + 1) : upper
    }
}

extension RowWrites {
    /// The same rows as versions of a window; a removed row leaves a mark.
    func versions(of window: UInt32) -> RowWrites {
        let suffix = VersionedRows.suffix(of: window)
        var versions = RowWrites()
        versions.bytes.reserveCapacity(bytes.count + entries.count * (suffix.count + 1))
        versions.entries.reserveCapacity(entries.count)
        for entry in entries {
            let start = Int32(versions.bytes.count)
            versions.bytes += bytes[Int(entry.key.lowerBound)..<Int(entry.key.upperBound)]
            versions.bytes += suffix
            let middle = Int32(versions.bytes.count)
            if entry.value.isEmpty {
                versions.bytes.append(VersionedRows.tombstone)
            } else {
                versions.bytes += bytes[Int(entry.value.lowerBound)..<Int(entry.value.upperBound)]
            }
            versions.entries.append(Entry(key: start..<middle, value: middle..<Int32(versions.bytes.count)))
        }
        return versions
    }
}
