import DequeModule

/// The bounds of the queue in front of the writer, and of a group.
struct GroupLimits: Sendable, Equatable {
    /// The most bytes of appends that have room, unless one alone is larger.
    var roomBytes = 64 << 20
    /// The most appends that have room.
    var roomCount = 16_384
    /// The most bytes of one group, unless one append alone is larger.
    var groupBytes = 8 << 20
    /// The most appends of one group.
    var groupCount = 4_096
}

/// Which appends share a commit to disk, and which must wait for room.
///
/// A state machine: it decides and does nothing.
///
/// An append first asks for room, by its size; encodes itself; then is queued. The writer takes as many queued appends
/// as a group may hold, writes them, and gives their room back. Room is given in the order of asking.
struct GroupCommit<Ticket: Sendable, Entry: Sendable> {
    /// The answer to asking for room.
    enum Admission: Equatable, Sendable {
        /// There is room.
        case admitted
        /// There is no room.
        case full
        /// The log is closed.
        case closed
    }

    private struct Waiting: Sendable {
        let ticket: Ticket
        let bytes: Int
    }

    private struct Queued: Sendable {
        let entry: Entry
        let bytes: Int
    }

    let limits: GroupLimits
    private(set) var isClosed = false
    /// What has room: being encoded, queued, or in the group that is being written.
    private(set) var roomBytes = 0
    private(set) var roomCount = 0
    private var waiting: Deque<Waiting> = []
    private var queue: Deque<Queued> = []
    private var groupBytes = 0
    private var groupCount = 0
    private var lastGroupCount = 0
    /// The length of the queue that the writer waits for.
    private var wantedCount = 1

    init(limits: GroupLimits = GroupLimits()) {
        self.limits = limits
    }

    /// Whether nothing is encoded, queued or written.
    var isDrained: Bool { roomCount == 0 && waiting.isEmpty }

    /// Asks for room, without waiting for it.
    mutating func ask(bytes: Int) -> Admission {
        if isClosed { return .closed }
        guard waiting.isEmpty, hasRoom(for: bytes) else { return .full }
        take(bytes)
        return .admitted
    }

    /// Asks for room; when it is full the ticket is kept, and returned by a later call once it has room.
    mutating func askOrWait(bytes: Int, ticket: Ticket) -> Admission {
        let admission = ask(bytes: bytes)
        if admission == .full { waiting.append(Waiting(ticket: ticket, bytes: bytes)) }
        return admission
    }

    /// Queues an append that has room; returns whether the queue is as long now as the writer waits for.
    @discardableResult
    mutating func enqueue(_ entry: Entry, bytes: Int) -> Bool {
        queue.append(Queued(entry: entry, bytes: bytes))
        return queue.count == wantedCount
    }

    /// Gives back the room of an append that will not be queued; returns the tickets that have room now.
    mutating func withdraw(bytes: Int) -> [Ticket] {
        giveBack(bytes: bytes, count: 1)
        return admitWaiting()
    }

    /// How many queued appends are worth a short wait: those of the last group were just answered, and most of them are
    /// about to append again.
    var expectedCount: Int { max(1, min(lastGroupCount, limits.groupCount)) }

    /// Whether so many appends are queued, or no more will come; if not, `enqueue` tells when they are.
    mutating func isReady(_ count: Int) -> Bool {
        wantedCount = count
        return queue.count >= count || (isClosed && !queue.isEmpty)
    }

    /// The appends of the next group, in the order of queueing; empty when none is queued.
    mutating func takeGroup() -> [Entry] {
        precondition(groupCount == 0, "a group is finished before the next one is taken")
        var entries: [Entry] = []
        while let next = queue.first, groupCount < limits.groupCount,
            groupCount == 0 || groupBytes + next.bytes <= limits.groupBytes
        {
            queue.removeFirst()
            groupBytes += next.bytes
            groupCount += 1
            entries.append(next.entry)
        }
        return entries
    }

    /// The group has been written or has failed; returns the tickets that have room now.
    mutating func finishGroup() -> [Ticket] {
        giveBack(bytes: groupBytes, count: groupCount)
        lastGroupCount = groupCount
        groupBytes = 0
        groupCount = 0
        return admitWaiting()
    }

    /// Lets nobody in any more; returns the tickets that waited in vain.
    ///
    /// What is queued can still be written.
    mutating func close() -> [Ticket] {
        isClosed = true
        defer { waiting.removeAll() }
        return waiting.map(\.ticket)
    }

    private func hasRoom(for bytes: Int) -> Bool {
        roomCount == 0 || (roomCount < limits.roomCount && roomBytes + bytes <= limits.roomBytes)
    }

    private mutating func take(_ bytes: Int) {
        roomBytes += bytes
        roomCount += 1
    }

    private mutating func giveBack(bytes: Int, count: Int) {
        roomBytes -= bytes
        roomCount -= count
    }

    private mutating func admitWaiting() -> [Ticket] {
        var admitted: [Ticket] = []
        while let next = waiting.first, hasRoom(for: next.bytes) {
            waiting.removeFirst()
            take(next.bytes)
            admitted.append(next.ticket)
        }
        return admitted
    }
}
