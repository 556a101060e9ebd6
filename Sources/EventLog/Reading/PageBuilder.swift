/// Collects records into events that share a few buffers, so that a page costs few allocations and an event that is kept
/// keeps at most one buffer alive.
struct PageBuilder {
    /// What a buffer has room for; small enough that an allocator hands the same memory out again and again.
    static let bufferBytes = 64 << 10

    private var buffer: [UInt8] = []
    private var pending: [(position: Position, range: Range<Int>)] = []
    private var events: [Event] = []
    /// The bytes of all records so far.
    private(set) var bytes = 0

    /// How many records there are.
    var count: Int { events.count + pending.count }

    /// Adds a copy of a record whose structure is sound.
    mutating func add(_ position: Position, _ record: RawSpan) {
        if buffer.count + record.byteCount > PageBuilder.bufferBytes { flush() }
        if buffer.capacity == 0 {
            buffer.reserveCapacity(max(PageBuilder.bufferBytes, record.byteCount))
            pending.reserveCapacity(PageBuilder.bufferBytes / 256)
        }
        let start = buffer.count
        unsafe record.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
        pending.append((position, start..<buffer.count))
        bytes += record.byteCount
    }

    /// The events.
    mutating func finish() -> [Event] {
        flush()
        defer { events = [] }
        return events
    }

    private mutating func flush() {
        guard !pending.isEmpty else { return }
        events.reserveCapacity(events.count + pending.count)
        for (position, range) in pending {
            events.append(Event(position: position, storage: buffer, sound: range))
        }
        pending.removeAll(keepingCapacity: true)
        buffer = []
    }
}
