import CanonicalJSON
package import Experiments
import Jobs
import Projections

extension Queries {
    /// The runs like `runs`, each unfinished one with `workers`, the number of living processes that work on it.
    ///
    /// Of the past nobody knows whether a process lived, so an answer about it has no such number.
    package func runsAtWork(_ selection: Selection = Selection()) throws -> [QueryRow<RunRow>] {
        var rows = try runs(selection)
        guard past == nil, rows.contains(where: \.row.stage.isUnfinished) else { return rows }
        let workers = try views.query(Runs.self) { tables in try tables.workers.scan() }
        let living = workers.filter { !WorkerLock.isGone($0.key, in: store.workersDirectory) }
        let counts = Dictionary(living.map { ($0.row.run.rawValue, 1) }, uniquingKeysWith: +)
        for index in rows.indices where rows[index].row.stage.isUnfinished {
            rows[index].key.append(("workers", .number(Double(counts[rows[index].text("run"), default: 0]))))
        }
        return rows
    }
}

extension QueryRow<RunRow> {
    /// Whether nobody works on a run that wasn't stopped on purpose: the processes that did were killed.
    package var isAbandoned: Bool {
        switch row.stage {
        case .submitting, .working: number("workers") == 0
        case .drained, .stopped, .complete, .incomplete: false
        }
    }
}
