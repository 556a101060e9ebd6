import DequeModule

/// The bounds of the queue in front of the writer, and of a group.
struct GroupLimits: Sendable, Equatable {
    /// The most bytes of appends that have room, unless one alone is larger.
    var roomBytes = 64 << 20
    /// The most commits that have room.
    var roomCount = 16_384
    /// The most bytes of one group, unless one append alone is larger.
    var groupBytes = 8 << 20
    /// The most commits of one group.
    var groupCount = 4_096
    /// The most commits of one call that ask for room together: while they are written the next are encoded.
    var partCount = 1_024

    /// How the commits of one call, of these sizes, ask for room one after the other: each part fits into a group.
    func parts(of sizes: [Int]) -> [Range<Int>] {
        let mostCount = max(1, min(partCount, groupCount, roomCount))
        let mostBytes = min(groupBytes, roomBytes)
        var parts: [Range<Int>] = []
        var start = 0
        var bytes = 0
        for (index, size) in sizes.enumerated() {
            if index > start && (index - start == mostCount || bytes + size > mostBytes) {
                parts.append(start..<index)
                start = index
                bytes = 0
            }
            bytes += size
        }
        if start < sizes.count { parts.append(start..<sizes.count) }
        return parts
    }
}

/// What an append takes of the bounds.
struct AppendSize: Equatable, Sendable {
    var bytes = 0
    var commits = 0
}

/// Which appends share a commit to disk, and which must wait for room.
///
/// A state machine: it decides and does nothing.
///
/// An append of one commit or several first asks for room, by its size; encodes itself; then is queued. The writer takes
/// as many queued appends as a group may hold, writes them, and gives their room back. Room is given in the order of
/// asking.
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
        let size: AppendSize
    }

    private struct Queued: Sendable {
        let entry: Entry
        let size: AppendSize
    }

    let limits: GroupLimits
    private(set) var isClosed = false
    /// What has room: being encoded, queued, or in the group that is being written.
    private(set) var room = AppendSize()
    private var waiting: Deque<Waiting> = []
    private var queue: Deque<Queued> = []
    private var group = AppendSize()
    /// How many appends the group has, and how many the one before it had.
    private var groupCount = 0
    private var lastGroupCount = 0
    /// The length of the queue that the writer waits for.
    private var wantedCount = 1

    init(limits: GroupLimits = GroupLimits()) {
        self.limits = limits
    }

    /// Whether nothing is encoded, queued or written.
    var isDrained: Bool { room.commits == 0 && waiting.isEmpty }

    /// Asks for room, without waiting for it.
    mutating func ask(_ size: AppendSize) -> Admission {
        if isClosed { return .closed }
        guard waiting.isEmpty, hasRoom(for: size) else { return .full }
        take(size)
        return .admitted
    }

    /// Asks for room; when it is full the ticket is kept, and returned by a later call once it has room.
    mutating func askOrWait(_ size: AppendSize, ticket: Ticket) -> Admission {
        let admission = ask(size)
        if admission == .full { waiting.append(Waiting(ticket: ticket, size: size)) }
        return admission
    }

    /// Queues an append that has room; returns whether the queue is as long now as the writer waits for.
    @discardableResult
    mutating func enqueue(_ entry: Entry, _ size: AppendSize) -> Bool {
        queue.append(Queued(entry: entry, size: size))
        return queue.count == wantedCount
    }

    /// Gives back the room of an append that will not be queued; returns the tickets that have room now.
    mutating func withdraw(_ size: AppendSize) -> [Ticket] {
        giveBack(size)
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
        while let next = queue.first, fitsGroup(next.size) {
            queue.removeFirst()
            group.bytes += next.size.bytes
            group.commits += next.size.commits
            groupCount += 1
            entries.append(next.entry)
        }
        return entries
    }

    /// The group has been written or has failed; returns the tickets that have room now.
    mutating func finishGroup() -> [Ticket] {
        giveBack(group)
        lastGroupCount = groupCount
        group = AppendSize()
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

    private func hasRoom(for size: AppendSize) -> Bool {
        room.commits == 0
            || (room.commits + size.commits <= limits.roomCount && room.bytes + size.bytes <= limits.roomBytes)
    }

    private func fitsGroup(_ size: AppendSize) -> Bool {
        groupCount == 0
            || (group.commits + size.commits <= limits.groupCount && group.bytes + size.bytes <= limits.groupBytes)
    }

    private mutating func take(_ size: AppendSize) {
        room.bytes += size.bytes
        room.commits += size.commits
    }

    private mutating func giveBack(_ size: AppendSize) {
        room.bytes -= size.bytes
        room.commits -= size.commits
    }

    private mutating func admitWaiting() -> [Ticket] {
        var admitted: [Ticket] = []
        while let next = waiting.first, hasRoom(for: next.size) {
            waiting.removeFirst()
            take(next.size)
            admitted.append(next.ticket)
        }
        return admitted
    }
}
