/// The rows of read models as of a moment: those of the last window that had ended by then, and what changed since.
final class PastRows: RowSource {
    /// Nil before the end of the first window.
    private let base: (any RowSource)?
    /// By generation, which the keys begin with: what a fold of the events behind the window wrote, in key order.
    private let changes: [[UInt8]: RowWrites]
    private static let generationLength = 4

    init(base: (any RowSource)?, changes: [[UInt8]: RowWrites]) {
        self.base = base
        self.changes = changes
    }

    private func changes(at key: [UInt8]) -> RowWrites? { changes[Array(key.prefix(Self.generationLength))] }

    func withValue<R>(of key: [UInt8], _ decode: (RawSpan) throws -> R) throws -> R? {
        if let changes = changes(at: key), let value = key.withUnsafeBytes({ changes.value(of: $0) }) {
            return value.isEmpty ? nil : try decode(changes.bytes.span.bytes.extracting(value))
        }
        return try base?.withValue(of: key, decode)
    }

    func scan(
        from lower: [UInt8], upTo upper: [UInt8]?, reversed: Bool, _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        let changes = changes(at: lower) ?? RowWrites()
        var places = changes.places(from: lower, upTo: upper)
        var isWanted = true
        /// Hands over the changed row that comes next.
        func handNext() throws {
            let place = reversed ? places.removeLast() : places.removeFirst()
            let entry = changes.entries[place]
            guard !entry.value.isEmpty else { return }
            let bytes = changes.bytes.span.bytes
            isWanted = try body(bytes.extracting(entry.key.asInts), bytes.extracting(entry.value.asInts))
        }
        try base?.scan(from: lower, upTo: upper, reversed: reversed) { key, value in
            let isReplaced = try key.withUnsafeBytes { key in
                while isWanted, let place = reversed ? places.last : places.first {
                    switch changes.order(of: place, to: key) {
                    case .same:
                        try handNext()
                        return true
                    case .before where !reversed, .after where reversed: try handNext()
                    case .before, .after: return false
                    }
                }
                return false
            }
            guard isWanted else { return false }
            if !isReplaced { isWanted = try body(key, value) }
            return isWanted
        }
        while isWanted, !places.isEmpty { try handNext() }
    }
}

extension RowWrites {
    enum KeyOrder {
        case before
        case same
        case after
    }

    private func key(_ place: Int, _ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[entries[place].key.asInts])
    }

    /// Whether the key at a place comes before another one.
    func order(of place: Int, to other: UnsafeRawBufferPointer) -> KeyOrder {
        bytes.withUnsafeBytes { bytes in
            let key = key(place, bytes)
            if precedes(key, other) { return .before }
            return precedes(other, key) ? .after : .same
        }
    }

    /// Where a key is, or would be.
    private func place(of wanted: UnsafeRawBufferPointer) -> Int {
        bytes.withUnsafeBytes { bytes in
            var (low, high) = (0, entries.count)
            while low < high {
                let middle = (low + high) / 2
                if precedes(key(middle, bytes), wanted) { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    /// Where the value of a key is, empty for a removed row; nil for a row that wasn't changed.
    func value(of key: UnsafeRawBufferPointer) -> Range<Int>? {
        let place = place(of: key)
        guard place < entries.count, order(of: place, to: key) == .same else { return nil }
        return entries[place].value.asInts
    }

    /// The places of the keys in a range.
    func places(from lower: [UInt8], upTo upper: [UInt8]?) -> Range<Int> {
        let first = lower.withUnsafeBytes { place(of: $0) }
        let end = upper.map { upper in upper.withUnsafeBytes { place(of: $0) } } ?? entries.count
        return first..<max(first, end)
    }
}

extension Range<Int32> {
    fileprivate var asInts: Range<Int> { Int(lowerBound)..<Int(upperBound) }
}
