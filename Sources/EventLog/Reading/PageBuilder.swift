/// Collects records in a few buffers, so that a page costs few allocations and an event that is kept keeps at most one
/// buffer alive.
struct PageBuilder {
    /// What a buffer has room for; small enough that an allocator hands the same memory out again and again.
    static let bufferBytes = 64 << 10

    /// Copies of records, one behind the other, and where each begins.
    private struct Chunk {
        var bytes: [UInt8] = []
        var starts: [(position: Position, offset: Int)] = []

        /// Calls `body` with each record as an event, in order; the events share the chunk's bytes.
        func forEach(_ body: (Event) throws -> Void) rethrows {
            var last = starts.startIndex
            while last < starts.endIndex {
                let (position, start) = starts[last]
                last += 1
                let end = last < starts.endIndex ? starts[last].offset : bytes.count
                try body(Event(position: position, storage: bytes, sound: start..<end))
            }
        }
    }

    private var full: [Chunk] = []
    private var current = Chunk()
    private var spare: [Chunk] = []
    /// How many records there are.
    private(set) var count = 0
    /// The bytes of all records so far.
    private(set) var bytes = 0

    /// Adds a copy of a record whose structure is sound.
    mutating func add(_ position: Position, _ record: RawSpan) {
        if current.bytes.count + record.byteCount > PageBuilder.bufferBytes { nextChunk() }
        if current.bytes.capacity == 0 {
            current.bytes.reserveCapacity(max(PageBuilder.bufferBytes, record.byteCount))
            current.starts.reserveCapacity(PageBuilder.bufferBytes / 256)
        }
        current.starts.append((position, current.bytes.count))
        unsafe record.withUnsafeBytes { unsafe current.bytes.append(contentsOf: $0) }
        count += 1
        bytes += record.byteCount
    }

    /// Calls `body` with each record as an event, in order.
    func forEach(_ body: (Event) throws -> Void) rethrows {
        for chunk in full { try chunk.forEach(body) }
        try current.forEach(body)
    }

    /// Begins anew in the same memory, but for buffers that a kept event still needs.
    mutating func removeAll() {
        nextChunk()
        spare += full
        full.removeAll(keepingCapacity: true)
        count = 0
        bytes = 0
    }

    /// The events; begins anew.
    mutating func finish() -> [Event] {
        var events: [Event] = []
        events.reserveCapacity(count)
        forEach { events.append($0) }
        self = PageBuilder()
        return events
    }

    private mutating func nextChunk() {
        if !current.starts.isEmpty { full.append(current) }
        current = spare.popLast() ?? Chunk()
        current.bytes.removeAll(keepingCapacity: true)
        current.starts.removeAll(keepingCapacity: true)
    }
}
