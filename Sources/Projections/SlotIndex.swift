/// A hash of a key, made by mixing its parts; for the memory of one process, and never kept.
@usableFromInline
package struct KeyHash: Sendable {
    @usableFromInline package var value: UInt64 = 0

    @inlinable
    init() {}

    /// Mixes in a part.
    @inlinable
    package mutating func mix(_ part: UInt64) {
        value = (value ^ part) &* 0x9E37_79B9_7F4A_7C15
        value ^= value >> 29
    }
}

/// Where in a list of slots each key is: open addressing, at most half full.
///
/// A cell holds 32 bits of the hash and the place plus 1; 0 is empty.
@usableFromInline
struct SlotIndex {
    @usableFromInline var cells: [UInt64] = []
    @usableFromInline var count = 0

    @inlinable
    init() {}

    /// The place for which `matches` says so, among those of keys with this hash.
    @inlinable
    @inline(__always)
    func place(_ hash: UInt64, _ matches: (Int) -> Bool) -> Int? {
        guard !cells.isEmpty else { return nil }
        let mask = cells.count &- 1
        let tag = hash >> 32
        var cell = Int(truncatingIfNeeded: tag) & mask
        while true {
            let content = cells[cell]
            if content == 0 { return nil }
            if content >> 32 == tag {
                let place = Int(truncatingIfNeeded: content & 0xFFFF_FFFF) &- 1
                if matches(place) { return place }
            }
            cell = (cell &+ 1) & mask
        }
    }

    /// Adds a key that isn't there.
    @inlinable
    mutating func insert(_ hash: UInt64, _ place: Int) {
        if 2 &* (count &+ 1) > cells.count { grow() }
        count &+= 1
        put((hash >> 32) << 32 | UInt64(truncatingIfNeeded: place &+ 1))
    }

    @inlinable
    mutating func put(_ content: UInt64) {
        let mask = cells.count &- 1
        var cell = Int(truncatingIfNeeded: content >> 32) & mask
        while cells[cell] != 0 { cell = (cell &+ 1) & mask }
        cells[cell] = content
    }

    @inlinable
    mutating func grow() {
        let before = cells
        cells = Array(repeating: 0, count: max(16, 4 * before.count))
        for content in before where content != 0 { put(content) }
    }

    @usableFromInline
    mutating func removeAll() {
        cells = []
        count = 0
    }
}
