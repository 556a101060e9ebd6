import Synchronization

/// What a loopback server has seen, for tests to look at or wait for; guarded by a mutex.
final class LoopbackRecord: Sendable {
    struct Request: Sendable, Equatable {
        let head: String
        let body: [UInt8]
        /// Connections are numbered from 0.
        let connection: Int

        var path: String { String(head.split(separator: " ").dropFirst().first ?? "") }
    }

    private struct Seen {
        var requests: [Request] = []
        var connections = 0
        var closedByClient = 0
        var closedByServer = 0
        var waiters: [Waiter] = []
    }

    private struct Waiter {
        let isDone: @Sendable (borrowing Seen) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private let seen = Mutex(Seen())

    var requests: [Request] { seen.withLock { $0.requests } }
    var connections: Int { seen.withLock { $0.connections } }

    /// Waits until so many requests have arrived whole.
    func waitForRequests(_ count: Int) async { await wait { $0.requests.count >= count } }

    /// Waits until the client has closed so many connections.
    func waitForClosedByClient(_ count: Int) async { await wait { $0.closedByClient >= count } }

    /// Waits until the script has closed so many connections; on loopback the client can see it then.
    func waitForClosedByServer(_ count: Int) async { await wait { $0.closedByServer >= count } }

    func noteRequest(_ request: Request) { note { $0.requests.append(request) } }

    func noteClosedByClient() { note { $0.closedByClient += 1 } }

    func noteClosedByServer() { note { $0.closedByServer += 1 } }

    /// Answers the number of a new connection.
    func noteConnection() -> Int {
        seen.withLock {
            $0.connections += 1
            return $0.connections - 1
        }
    }

    private func wait(until isDone: @escaping @Sendable (borrowing Seen) -> Bool) async {
        await withCheckedContinuation { continuation in
            note { $0.waiters.append(Waiter(isDone: isDone, continuation: continuation)) }
        }
    }

    private func note(_ change: (inout Seen) -> Void) {
        let ready = seen.withLock { seen in
            change(&seen)
            let waiters = seen.waiters
            seen.waiters = waiters.filter { !$0.isDone(seen) }
            return waiters.filter { $0.isDone(seen) }
        }
        for waiter in ready { waiter.continuation.resume() }
    }
}
