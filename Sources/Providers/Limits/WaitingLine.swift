/// Those who wait, in the order in which they came.
struct WaitingLine: Sendable {
    struct Waiter: Sendable {
        let id: UInt64
        let ask: PacingAsk
    }

    private var waiters: [Waiter] = []
    /// Where the first one is; those before it are gone.
    private var head = 0

    var count: Int { waiters.count - head }
    var first: Waiter? { head < waiters.count ? waiters[head] : nil }

    mutating func append(_ waiter: Waiter) { waiters.append(waiter) }

    mutating func removeFirst() {
        head += 1
        guard head > 64, head * 2 > waiters.count else { return }
        waiters.removeFirst(head)
        head = 0
    }

    /// Whether it waited here.
    mutating func remove(_ id: UInt64) -> Bool {
        var (low, high) = (head, waiters.count)
        while low < high {
            let middle = (low + high) / 2
            if waiters[middle].id < id { low = middle + 1 } else { high = middle }
        }
        guard low < waiters.count, waiters[low].id == id else { return false }
        waiters.remove(at: low)
        return true
    }
}
