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
