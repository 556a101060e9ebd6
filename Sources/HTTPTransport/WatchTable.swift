/// Which sockets libcurl waits for and which ones the kernel watches, as a state machine: what happened goes in, the change
/// to the kernel's list comes out.
///
/// libcurl stops to wait for a connection after each response and waits for it again with the next request. The kernel's list
/// keeps a connection through that, so that a request on a kept one changes nothing in it.
struct WatchTable {
    /// What a socket is watched for.
    struct Interest: OptionSet, Hashable {
        let rawValue: UInt8

        static let reading = Interest(rawValue: 1)
        static let writing = Interest(rawValue: 2)
    }

    enum Change: Equatable {
        case none
        case add(Interest)
        case modify(Interest)
        case remove
    }

    private struct Watch {
        /// Whether we opened it, and so learn when it closes.
        var isOwn = false
        var wanted: Interest = []
        var watched: Interest = []
    }

    /// By the socket's number, which the system keeps small.
    private var watches: [Watch] = []

    /// A connection's socket was opened.
    mutating func opened(_ socket: Int) {
        makeRoom(for: socket)
        watches[socket] = Watch(isOwn: true)
    }

    /// A socket is about to be closed.
    mutating func closes(_ socket: Int) -> Change {
        guard watches.indices.contains(socket) else { return .none }
        defer { watches[socket] = Watch() }
        return watches[socket].watched.isEmpty ? .none : .remove
    }

    /// libcurl waits for this; with nothing, it no longer waits.
    mutating func wants(_ interest: Interest, of socket: Int) -> Change {
        makeRoom(for: socket)
        let watch = watches[socket]
        watches[socket].wanted = interest
        // What others opened may be closed behind our back once nobody waits for it.
        if interest.isEmpty { return watch.isOwn ? .none : stopWatching(socket) }
        watches[socket].watched = interest
        if watch.watched == interest { return .none }
        return watch.watched.isEmpty ? .add(interest) : .modify(interest)
    }

    /// The kernel tells of a socket: what libcurl waits for there, and a change if it waits for nothing.
    mutating func happened(at socket: Int) -> (wanted: Interest, change: Change) {
        guard watches.indices.contains(socket) else { return ([], .none) }
        let wanted = watches[socket].wanted
        return (wanted, wanted.isEmpty ? stopWatching(socket) : .none)
    }

    private mutating func stopWatching(_ socket: Int) -> Change {
        defer { watches[socket].watched = [] }
        return watches[socket].watched.isEmpty ? .none : .remove
    }

    private mutating func makeRoom(for socket: Int) {
        precondition(socket >= 0, "a socket with a negative number was opened")
        while watches.count <= socket { watches.append(Watch()) }
    }
}
