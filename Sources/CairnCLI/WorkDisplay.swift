import Cairn
import Determinism
import Jobs
import Projections
import Synchronization

/// The live line of a worker on a terminal; elsewhere it only keeps count.
final class WorkDisplay: Sendable {
    private struct State {
        var status: WorkerStatus?
        var before: (done: Int, time: Timestamp)?
        var rate: Double?
        var isOver = false
        /// What was said of a wait.
        var told: Timestamp?
    }

    private let store: Store
    private let queues: Set<String>
    private let tellsOfWaits: Bool
    private let began = ContinuousClock.now
    /// The lock keeps a status that comes at the end from being shown behind it.
    private let state = Mutex(State())
    private let isLive = Terminal.errorIsTerminal

    /// A wait that is shorter isn't worth a word.
    private static let longestSilentWait = Microseconds.seconds(10)

    /// `queues` are those that are worked on; empty for all.
    ///
    /// `tellsOfWaits` says on standard error that nothing is done until a time, once for each such time.
    init(_ store: Store, queues: [String], tellsOfWaits: Bool = false) {
        self.store = store
        self.tellsOfWaits = tellsOfWaits
        self.queues = Set(queues)
    }

    var tally: QueueTally { state.withLock { $0.status?.tally } ?? QueueTally() }
    var elapsed: Microseconds { Microseconds(began.duration(to: .now)) }

    func take(_ status: WorkerStatus) {
        state.withLock { state in
            state.status = status
            tell(of: status, &state)
            guard isLive, !state.isOver else { return }
            if let before = state.before, status.time > before.time {
                let now = Double(status.tally.done - before.done) / (status.time - before.time).seconds
                state.rate = state.rate.map { 0.7 * $0 + 0.3 * now } ?? now
            }
            state.before = (status.tally.done, status.time)
            let line = Self.line(status, rate: state.rate, left: left)
            Terminal.show(live: [String(line.prefix(Terminal.errorWidth))])
        }
    }

    private func tell(of status: WorkerStatus, _ state: inout State) {
        guard tellsOfWaits, !state.isOver, let next = status.next, next != state.told,
            next - status.time > Self.longestSilentWait
        else { return }
        state.told = next
        Terminal.complain(
            "cairn: nothing is left but jobs that aren't to be begun before \(next); "
                + "--until-idle says how long to wait at most\n")
    }

    func end() {
        state.withLock { state in
            guard isLive, !state.isOver else { return }
            state.isOver = true
            Terminal.show(live: [])
        }
    }

    /// How many jobs haven't ended in the queues that are worked on, as far as is known without catching up.
    private var left: Int? {
        try? store.views.query(JobQueue.self, catchingUp: false) { tables in
            try tables.allQueues().filter { queues.isEmpty || queues.contains($0.name) }
                .reduce(0) { $0 + $1.queue.counts.unfinished }
        }
    }

    /// As in `1,204 jobs done · 812 attempts/s · 16 of 16 run · 3 attempts failed · 4,000 left`.
    static func line(_ status: WorkerStatus, rate: Double?, left: Int?) -> String {
        var parts = [Quantities.counted(status.tally.completed, "job") + " done"]
        if let rate { parts.append("\(Quantities.decimal(rate, places: rate < 10 ? 1 : 0)) attempts/s") }
        parts.append("\(Quantities.grouped(status.running)) of \(Quantities.grouped(status.slots)) run")
        parts += Self.attempts([(status.tally.failed, "failed"), (status.tally.crashed, "crashed")])
        if let left { parts.append("\(Quantities.grouped(left)) left") }
        if let next = status.next { parts.append("the next at \(next)") }
        return parts.joined(separator: " · ")
    }

    /// Attempts that a job may have several of, as in `2 attempts failed`; those that there were.
    static func attempts(_ counts: [(count: Int, word: String)]) -> [String] {
        counts.filter { $0.count > 0 }.map { Quantities.counted($0.count, "attempt") + " \($0.word)" }
    }
}
