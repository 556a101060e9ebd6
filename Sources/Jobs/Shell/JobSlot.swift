import Synchronization

/// A running job's slot in its pool, which others may have while the job can do nothing but wait.
///
/// Used by one task, the job's own.
package final class JobSlot: Sendable {
    private let leave: @Sendable () -> Void
    private let ask: @Sendable (OneShot) -> Void
    private let state = Mutex(false)

    /// `leave` tells the pool that the slot is free; `ask` asks for one, which the job has when the shot happens.
    package init(leave: @escaping @Sendable () -> Void, ask: @escaping @Sendable (OneShot) -> Void) {
        self.leave = leave
        self.ask = ask
    }

    /// A slot of its own, for a job outside of any pool.
    package convenience init() { self.init(leave: {}, ask: { $0.happen() }) }

    /// Whether the job has given its slot away.
    package var isAside: Bool { state.withLock { $0 } }

    /// Gives the slot away; a second time changes nothing.
    package func stepAside() {
        let isFirst = state.withLock { isAside in
            defer { isAside = true }
            return !isAside
        }
        if isFirst { leave() }
    }

    /// Waits for a slot, if the job gave its own away, until `end` returns.
    ///
    /// Throws `CancellationError` when none came, or the caller is cancelled before; the job must end then.
    package func comeBack(until end: @escaping @Sendable () async throws -> Void) async throws {
        guard isAside else { return }
        let turn = OneShot()
        ask(turn)
        if !turn.hasHappened { try await race({ try await turn.wait() }, cut: end) }
        state.withLock { $0 = false }
    }
}
