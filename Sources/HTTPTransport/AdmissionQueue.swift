/// Which transfers may run now: at most so many in all and for each origin, first come first served within an origin, and
/// origins in turn.
struct AdmissionQueue<Element> {
    /// Names an element while it waits.
    typealias Key = UInt64

    private struct Lane {
        var running = 0
        var capacity: OriginCapacity
        var waiting: [Key] = []
        var head = 0
        /// Whether the lane stands in `turns`.
        var hasTurn = false
    }

    /// Beyond these, idle origins are forgotten.
    private static var mostLanes: Int { 1_024 }

    let limit: Int
    let limits: OriginCapacity.Limits
    private(set) var running = 0
    private var lanes: [String: Lane] = [:]
    private var waiting: [Key: Element] = [:]
    /// Origins that have something waiting and room for it, in the order of their turns.
    private var turns: [String] = []
    private var turnsHead = 0

    init(limit: Int, limits: OriginCapacity.Limits) {
        precondition(
            limit > 0 && limits.transfers > 0 && limits.connections != 0 && limits.streamsPerConnection > 0,
            "a queue that admits nothing would never end")
        self.limit = limit
        self.limits = limits
    }

    /// Whether `admit()` may have something; it hasn't when only withdrawn ones stand in line.
    var canAdmit: Bool { running < limit && turnsHead < turns.count }

    mutating func enqueue(_ element: Element, key: Key, origin: String) {
        waiting[key] = element
        lanes[origin, default: Lane(capacity: OriginCapacity(limits: limits))].waiting.append(key)
        grantTurn(origin)
    }

    /// The next one that may run, which counts as running from here on; `nil` when none may.
    mutating func admit() -> Element? {
        while running < limit, turnsHead < turns.count {
            let origin = turns[turnsHead]
            turnsHead += 1
            compactTurns()
            lanes[origin]?.hasTurn = false
            guard let element = popWaiting(origin) else { continue }
            running += 1
            lanes[origin]?.running += 1
            grantTurn(origin)
            return element
        }
        return nil
    }

    /// A running one of this origin has this connection; `mayShare` is false where none is ever shared.
    mutating func reach(origin: String, connection: CInt, mayShare: Bool) {
        lanes[origin]?.capacity.reach(connection, mayShare: mayShare)
        grantTurn(origin)
    }

    /// A running one of this origin ended, which had this connection, or `nil` if it got none; `shares` is whether others
    /// may share it, if that is known.
    mutating func release(origin: String, connection: CInt?, shares: Bool? = nil) {
        running -= 1
        lanes[origin]?.running -= 1
        lanes[origin]?.capacity.release(connection, shares: shares)
        grantTurn(origin)
        // What was learned of an origin counts for its next transfers too.
        guard lanes.count > Self.mostLanes else { return }
        if let lane = lanes[origin], lane.running == 0, lane.head == lane.waiting.count, !lane.hasTurn {
            lanes[origin] = nil
        }
    }

    /// Takes a waiting one out; `nil` when it doesn't wait (any more).
    mutating func withdraw(_ key: Key) -> Element? { waiting.removeValue(forKey: key) }

    /// Takes out all that wait, in the order of their keys.
    mutating func withdrawAll() -> [Element] {
        let all = waiting.sorted { $0.key < $1.key }.map(\.value)
        waiting = [:]
        return all
    }

    private mutating func grantTurn(_ origin: String) {
        guard let lane = lanes[origin], !lane.hasTurn, lane.head < lane.waiting.count,
            lane.running < lane.capacity.transfers
        else { return }
        lanes[origin]?.hasTurn = true
        turns.append(origin)
    }

    /// Skips what was withdrawn.
    private mutating func popWaiting(_ origin: String) -> Element? {
        guard var lane = lanes.removeValue(forKey: origin) else { return nil }
        defer { lanes[origin] = lane }
        while lane.head < lane.waiting.count {
            let key = lane.waiting[lane.head]
            lane.head += 1
            if lane.head == lane.waiting.count || lane.head >= 1024 {
                lane.waiting.removeFirst(lane.head)
                lane.head = 0
            }
            if let element = waiting.removeValue(forKey: key) { return element }
        }
        return nil
    }

    private mutating func compactTurns() {
        guard turnsHead == turns.count || turnsHead >= 1024 else { return }
        turns.removeFirst(turnsHead)
        turnsHead = 0
    }
}
