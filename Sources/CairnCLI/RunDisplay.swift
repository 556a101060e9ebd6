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
        var isShown = false
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
            state.isShown = true
            state.doneBefore = state.doneBefore ?? settled
            return (Microseconds(state.began.duration(to: .now)), state.doneBefore ?? 0, state.run)
        }
        let usage =
            run.flatMap { run in
                try? store.views.query(CallUsage.self) { try $0.rows(of: run).map(\.row) }
            } ?? []
        let pacing = state.withLock({ $0.pacing })?()
        let line = ProgressLine(
            done: row.cells.done, failed: row.cells.failed + row.cells.skipped, total: row.cells.total,
            before: before, tokens: usage.reduce(0) { $0 + $1.tokens.input + $1.tokens.output },
            costInNanoDollars: usage.contains { $0.withoutCost < $0.calls } ? usage.reduce(0) { $0 + $1.cost } : nil,
            elapsed: elapsed, waits: pacing.map { "\($0)" } ?? "")
        Terminal.complain("\r\u{1B}[K" + line.rendered(width: Terminal.errorWidth))
    }

    func end() {
        if state.withLock({ $0.isShown }) { Terminal.complain("\r\u{1B}[K") }
    }
}
