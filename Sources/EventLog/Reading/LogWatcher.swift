/// Wakes those who wait for the log to grow: at once when this process appended, and within milliseconds when another
/// did, without looking at the log in between.
final class LogWatcher: Sendable {
    private struct Waiter: Sendable {
        let position: Position
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State: Sendable {
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0
        var hasThread = false
        var isClosed = false
    }

    /// Changes that follow one another within this time wake others once.
    private static let calmMilliseconds: Int32 = 2
    /// The longest time without a look, in case a change was not reported.
    private static let fallbackMilliseconds: Int32 = 250

    private let state = Monitor(State())
    private let dataFile: String
    private let size: @Sendable () throws(LogError) -> UInt64

    /// `size` reads the log's size; `dataFile` is the file that changes when the log grows.
    init(dataFile: String, size: @escaping @Sendable () throws(LogError) -> UInt64) {
        self.dataFile = dataFile
        self.size = size
    }

    /// Returns when there is an event at a position, or when the task is cancelled.
    ///
    /// Throws `.closed`.
    func wait(for position: Position) async throws(LogError) {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                register(id, Waiter(position: position, continuation: continuation))
            }
        } onCancel: {
            resume(id)
        }
        if state.withLock({ $0.isClosed }) { throw .closed(during: "waiting for new events") }
    }

    /// The log has this size now.
    func advance(to size: UInt64) {
        let ready = state.withLock { state in
            let ready = state.waiters.filter { $0.value.position.rawValue < size }
            for id in ready.keys { state.waiters[id] = nil }
            return ready.values
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    /// Wakes everybody for good.
    func close() {
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in left { waiter.continuation.resume() }
        state.signal()
    }

    private func register(_ id: UInt64, _ waiter: Waiter) {
        let (isClosed, needsThread) = state.withLock { state in
            if !state.isClosed { state.waiters[id] = waiter }
            defer { state.hasThread = true }
            return (state.isClosed, !state.isClosed && !state.hasThread)
        }
        if isClosed { return waiter.continuation.resume() }
        if needsThread { startThread { [self] in run() } }
        state.signal()
        if Task.isCancelled { resume(id) }
        look()
    }

    private func resume(_ id: UInt64) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
        waiter?.continuation.resume()
    }

    /// Looks at the log; when that fails, everyone may see for themselves why.
    private func look() {
        advance(to: (try? size()) ?? .max)
    }

    private func run() {
        let changes = FileChanges(of: dataFile)
        // The last write of a commit is reported a moment before the commit can be seen, and its writer may not get the
        // processor in that moment. So a change is followed by looks at growing distances, the first of them at once.
        var patience = LogWatcher.fallbackMilliseconds
        while hasWaiters() {
            look()
            let isChanged = changes.wait(milliseconds: patience)
            patience = isChanged ? LogWatcher.calmMilliseconds : min(2 * patience, LogWatcher.fallbackMilliseconds)
            if isChanged { look() }
            FileChanges.pause(milliseconds: LogWatcher.calmMilliseconds)
        }
    }

    /// Sleeps until somebody waits; false when the log was closed.
    private func hasWaiters() -> Bool {
        state.wait { state in
            if state.isClosed { return false }
            return state.waiters.isEmpty ? nil : true
        }
    }
}
