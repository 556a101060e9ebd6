/// How many transfers to one origin may run now, learned from which connections they got.
///
/// The first goes ahead alone: a thousand at once would look up the same name, each on a resolver's thread of its own. The
/// second shows whether transfers share a connection, as HTTP/2's do. Where they do, one at a time goes ahead to open the
/// next connection when the others are full: libcurl would open one for each that finds no room.
struct OriginCapacity {
    private enum Sharing {
        case unknown
        /// Each transfer has a connection of its own.
        case none
        case shared
    }

    struct Limits {
        let transfers: Int
        let connections: Int?
        let streamsPerConnection: Int
    }

    private let limits: Limits
    private var sharing = Sharing.unknown
    private var isReached = false
    /// Whether a response said it, or nothing else is possible: a connection that one transfer just left and the next one
    /// has may look shared.
    private var isSettled = false
    /// How many transfers run on each connection.
    private var busy: [CInt: Int] = [:]
    /// How many a connection takes, as far as was seen: a server may allow fewer than we do.
    private var streams: Int

    init(limits: Limits) {
        self.limits = limits
        streams = limits.streamsPerConnection
    }

    /// How many may run at once.
    var transfers: Int {
        guard isReached else { return 1 }
        let most = min(limits.transfers, limits.connections ?? .max)
        switch sharing {
        case .unknown: return min(2, limits.transfers)
        case .none: return most
        case .shared:
            let isFull = limits.connections.map { busy.count >= $0 } ?? false
            return min(limits.transfers, busy.count * streams + (isFull ? 0 : 1))
        }
    }

    /// A transfer has this connection, alone or with others; `mayShare` is false where none ever does.
    mutating func reach(_ connection: CInt, mayShare: Bool) {
        isReached = true
        guard mayShare else { return settle(.none) }
        guard !isSettled || sharing != .none else { return }
        let count = busy[connection, default: 0] + 1
        if count > 1 {
            sharing = .shared
            streams = min(limits.streamsPerConnection, max(streams, count))
        } else if sharing == .shared, let most = busy.values.max() {
            streams = most
        } else if !busy.isEmpty {
            sharing = .none
        }
        busy[connection] = count
    }

    /// A transfer ended that had this connection, or `nil` if it got none; `shares` tells what its response said of that.
    mutating func release(_ connection: CInt?, shares: Bool? = nil) {
        if let shares { settle(shares ? .shared : .none) }
        guard let connection else {
            if !isReached { sharing = .none }
            isReached = true
            return
        }
        let left = busy[connection, default: 0] - 1
        busy[connection] = left > 0 ? left : nil
    }

    private mutating func settle(_ fact: Sharing) {
        sharing = fact
        isSettled = true
    }
}
