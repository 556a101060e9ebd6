package import EventLog
import Glibc
import Synchronization

/// Read models as of a moment in the past: built from nothing up to there, in a directory that is removed afterwards.
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
    /// Read models as of a moment; each is built when it is first asked.
    package func asOf(_ moment: AsOf) throws(ViewError) -> PastViews {
        let end = try moment.end(in: log)
        let number = pastViewsMade.wrappingAdd(1, ordering: .relaxed).newValue
        let past = "\(path)/\(ViewDirectory.pastPrefix)\(getpid())-\(number)"
        let directory = try ViewDirectory(at: past, isTemporary: true)
        let runner = try ProjectionRunner(log, directory, storeID: nil, catalogue, limit: end, batch: batch)
        return PastViews(runner, end: end, path: past)
    }
}
