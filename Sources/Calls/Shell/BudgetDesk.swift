import Deciders
import Determinism
import Jobs
import Synchronization

/// Lets calls through as the budget has room: `BudgetLine` behind a lock.
final class BudgetDesk: Sendable {
    private struct State {
        var line: BudgetLine
        var next: UInt64 = 0
        /// Those who wait and were let through, until they notice.
        var granted: Set<UInt64> = []
        /// Happens when it is somebody's turn, or nobody's any more.
        var turns: [UInt64: OneShot] = [:]

        mutating func apply(_ change: BudgetLine.Change) -> [OneShot] {
            granted.formUnion(change.granted)
            return (change.granted + change.putOff).compactMap { turns.removeValue(forKey: $0) }
        }
    }

    /// The lock makes each occurrence one step; those who wait are told after it.
    private let state: Mutex<State>
    private let effects: Effects
    private let exhausted = OneShot()

    init(_ ledger: BudgetLedger, effects: Effects) {
        state = Mutex(State(line: BudgetLine(ledger)))
        self.effects = effects
    }

    /// Returns when the worst case of a call is kept back for it.
    func reserve(_ wanted: Spending, for ticket: CallTicket) async throws {
        let turn = OneShot()
        let (id, answer) = state.withLock { state in
            state.next += 1
            let answer = state.line.arrive(state.next, wanted: wanted)
            if answer == .waiting { state.turns[state.next] = turn }
            return (state.next, answer)
        }
        tellIfExhausted()
        switch answer {
        case .granted: return
        case .putOff: throw CallDeferred(reason: "the budget has no room")
        case .waiting: break
        }
        do {
            let now = try await effects.time(ticket.place)
            try await wait(for: turn, atMost: max(ticket.deferBy - now, .zero))
        } catch {
            if leave(id) { withdraw(wanted) }
            throw error
        }
        guard leave(id) else { throw CallDeferred(reason: "the budget had no room for long") }
    }

    private func wait(for turn: OneShot, atMost length: Microseconds) async throws {
        try await withThrowingTaskGroup(of: Void.self) { [effects] group in
            group.addTask { try await turn.wait() }
            group.addTask { try await effects.pause(length) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Ends waiting; says whether it was let through.
    private func leave(_ id: UInt64) -> Bool {
        let (isGranted, turns): (Bool, [OneShot]) = state.withLock { state in
            state.turns[id] = nil
            if state.granted.remove(id) != nil { return (true, []) }
            return (false, state.apply(state.line.leave(id)))
        }
        for turn in turns { turn.happen() }
        tellIfExhausted()
        return isGranted
    }

    func settle(_ wanted: Spending, used: Spending) { tell { $0.settle(wanted, used: used) } }
    func withdraw(_ wanted: Spending) { tell { $0.withdraw(wanted) } }
    func close() { tell { $0.close() } }

    private func tell(_ change: (inout BudgetLine) -> BudgetLine.Change) {
        let turns = state.withLock { state in state.apply(change(&state.line)) }
        for turn in turns { turn.happen() }
        tellIfExhausted()
    }

    private func tellIfExhausted() {
        if state.withLock({ $0.line.exhausted != nil }) { exhausted.happen() }
    }

    var isExhausted: Bool { exhausted.hasHappened }

    /// Waits for a call that can't be sent, and says what it needed.
    func exhaustion() async throws -> Spending {
        try await exhausted.wait()
        guard let wanted = state.withLock({ $0.line.exhausted }) else {
            preconditionFailure("it happens after it was set")
        }
        return wanted
    }
}
