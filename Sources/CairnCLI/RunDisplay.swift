import Cairn
import Calls
import Determinism
import Experiments
import Glibc
import Jobs
import Projections
import Synchronization

/// The live line of a run on a terminal; elsewhere nothing, since there the log tells.
final class RunDisplay: Sendable {
    private struct State {
        var run: RunID?
        var began = ContinuousClock.now
        var doneBefore: Int?
        var pacing: (@Sendable () -> Pacing)?
        /// What waited when the run was asked to end.
        var waits: Pacing?
    }

    private let store: Store
    private let state = Mutex(State())
    let isLive = Terminal.errorIsTerminal

    init(store: Store) {
        self.store = store
    }

    func begin(_ run: RunID, pacing: @escaping @Sendable () -> Pacing) {
        state.withLock { state in
            state.run = run
            state.pacing = pacing
        }
        if isLive { Terminal.complain("run \(run)\n") }
    }

    /// Keeps what waits now, for the end.
    func keepWaits() {
        guard let pacing = state.withLock({ $0.pacing })?() else { return }
        state.withLock { $0.waits = pacing }
    }

    /// What waited when the run was asked to end; nil if it wasn't.
    var waits: Pacing? { state.withLock(\.waits) }

    func show(_ row: RunRow) {
        let settled = row.cells.done + row.cells.failed + row.cells.skipped
        let (elapsed, before, run) = state.withLock { state in
            state.doneBefore = state.doneBefore ?? settled
            return (Microseconds(state.began.duration(to: .now)), state.doneBefore ?? 0, state.run)
        }
        let usage = run.flatMap { try? store.usage(of: $0) } ?? []
        let pacing = state.withLock({ $0.pacing })?()
        let line = ProgressLine(
            done: row.cells.done, failed: row.cells.failed + row.cells.skipped, total: row.cells.total,
            before: before, tokens: usage.reduce(0) { $0 + $1.tokens.input + $1.tokens.output },
            costInNanoDollars: usage.contains { $0.withoutCost < $0.calls } ? usage.reduce(0) { $0 + $1.cost } : nil,
            elapsed: elapsed, waits: pacing?.waits ?? [])
        Terminal.show(live: line.rendered(width: Terminal.errorWidth))
    }

    func end() {
        Terminal.show(live: [])
    }
}

extension Store {
    /// What a run has used so far, by provider, model and purpose.
    func usage(of run: RunID) throws -> [UsageRow] {
        try views.query(CallUsage.self) { try $0.rows(of: run).map(\.row) }
    }
}

extension [UsageRow] {
    /// Attempts that nothing has come of so far.
    var pending: Int { reduce(0) { $0 + $1.pending } }
}

extension UsageRow {
    /// Attempts that nothing has come of so far: under way, or cut off.
    var pending: Int { attempts - calls - failures - unknown }
}
