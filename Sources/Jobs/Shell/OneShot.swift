import Synchronization

/// Something that happens once, and that any number of tasks may wait for.
package final class OneShot: Sendable {
    private struct State {
        var hasHappened = false
        var next: UInt64 = 0
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    /// The lock makes happening, and beginning or ending to wait, one step each.
    private let state = Mutex(State())

    package init() {}

    package var hasHappened: Bool { state.withLock { $0.hasHappened } }

    /// Makes it happen; a second time changes nothing.
    package func happen() {
        let waiting = state.withLock { state in
            state.hasHappened = true
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }

    /// Returns when it has happened; throws when the caller is cancelled before.
    package func wait() async throws(CancellationError) {
        let ticket = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.hasHappened || Task.isCancelled { return true }
                    state.waiting[ticket] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume()
        }
        if !hasHappened { throw CancellationError() }
    }
}
