package import EventLog
import Glibc
import Synchronization

/// Read models as of a moment in the past: the snapshots before it, and what a few events changed since.
package final class PastViews: Sendable {
    /// Answers as of then.
    package let runner: ProjectionRunner
    /// The first position that isn't part of the history.
    package let end: Position
    private let path: String

    fileprivate init(_ runner: ProjectionRunner, end: Position, path: String) {
        self.runner = runner
        self.end = end
        self.path = path
    }

    deinit { ViewDirectory.removeWhole(path) }
}

private let pastViewsMade = Atomic(0)

extension ProjectionRunner {
    /// Read models as of a moment; each is made when it is first asked, from the snapshot before the moment.
    ///
    /// Takes the snapshots that are missing up to there: the first question about the past of a long log takes as long as
    /// folding it, and later ones no longer than one window takes.
    package func asOf(_ moment: AsOf) throws(ViewError) -> PastViews {
        let end = try end(of: moment)
        let number = pastViewsMade.wrappingAdd(1, ordering: .relaxed).newValue
        let past = "\(path)/\(ViewDirectory.pastPrefix)\(getpid())-\(number)"
        let directory = try ViewDirectory(at: past, isTemporary: true)
        let history = wholeWindows(before: end) > 0 ? try openHistory() : nil
        let fold = PastFold(log: log, history: history, end: end, window: window)
        let runner = try ProjectionRunner(
            log, directory, storeID: nil, catalogue, limit: end, batch: batch, past: fold)
        return PastViews(runner, end: end, path: past)
    }

    /// Takes snapshots of read models up to the last window that has ended, at most so many windows; answers whether
    /// all there can be are taken.
    @discardableResult
    package func takeSnapshots(
        of projectors: [any Projector.Type]? = nil, atMost windows: UInt32 = .max
    ) throws(ViewError) -> Bool {
        let whole = wholeWindows(before: try logSize())
        guard whole > 0 else { return true }
        let history = try openHistory()
        var isComplete = true
        let wanted = projectors ?? catalogue.all
        let most = windows
        var first = whole
        for projector in wanted { first = min(first, wholeWindows(before: try history.position(of: projector))) }
        let target = first + min(most, whole - first)
        if target < whole { isComplete = false }
        try history.extend(wanted, to: target)
        return isComplete
    }

    /// How many events no snapshot covers yet, of the read model that is farthest behind.
    package func eventsWithoutSnapshot(of projectors: [any Projector.Type]? = nil) throws(ViewError) -> UInt64 {
        let size = try logSize().rawValue
        guard size >= window else { return size }
        let history = try openHistory()
        var behind: UInt64 = 0
        for projector in projectors ?? catalogue.all {
            behind = max(behind, size - min(size, try history.position(of: projector).rawValue))
        }
        return behind
    }

    /// Throws all snapshots away: whoever doubts them has them made anew from the log, when they are next needed.
    package func forgetSnapshots() throws(ViewError) {
        guard access(historyPath, F_OK) == 0 else { return }
        try openHistory().forget()
    }

    private var historyPath: String { path + "/history" }

    private func wholeWindows(before position: Position) -> UInt32 {
        ViewHistory.windows(of: window, before: position)
    }

    private func end(of moment: AsOf) throws(ViewError) -> Position {
        guard case .time(let time) = moment, wholeWindows(before: try logSize()) > 0 else {
            return try moment.end(in: log)
        }
        return try openHistory().end(at: time)
    }

    private func openHistory() throws(ViewError) -> ViewHistory {
        let opened = history.withLock { history -> Result<ViewHistory, ViewError> in
            if let history { return .success(history) }
            return Result { () throws(ViewError) in
                let made = try ViewHistory(log: log, directory: historyPath, storeID: storeID, window: window)
                history = made
                return made
            }
        }
        return try opened.get()
    }
}
