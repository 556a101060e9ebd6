import Determinism
import Jobs

extension Store {
    /// Says which workers live, by their locks, and what those say of themselves.
    func judge(_ workers: [(id: WorkerID, row: WorkerRow)]) -> [WorkerAnswer] {
        let statuses = workerStatuses()
        return workers.map { id, row in
            let isGone = row.stopped == nil && WorkerLock.isGone(id, in: workersDirectory)
            let standing: WorkerAnswer.Standing =
                row.stopped != nil ? .stopped : isGone ? .gone : row.draining != nil ? .draining : .alive
            let status = standing == .stopped || isGone ? nil : statuses[id]
            return WorkerAnswer(
                id: id, row: row, standing: status?.isDraining == true ? .draining : standing, status: status)
        }
    }

    /// What the log said of workers at a moment in the past; whether their processes lived isn't in it.
    func recorded(_ workers: [(id: WorkerID, row: WorkerRow)]) -> [WorkerAnswer] {
        workers.map { id, row in
            let standing: WorkerAnswer.Standing =
                row.stopped != nil ? .stopped : row.draining != nil ? .draining : .alive
            return WorkerAnswer(id: id, row: row, standing: standing, status: nil)
        }
    }

    /// What is wrong with those of these workers that give no sign of life.
    func lostHolders(_ workers: Set<WorkerID>, at now: Timestamp) -> [WorkerID: LostHolder] {
        if workers.isEmpty { return [:] }
        let statuses = workerStatuses()
        var holders: [WorkerID: LostHolder] = [:]
        for worker in workers {
            let isGone = WorkerLock.isGone(worker, in: workersDirectory)
            holders[worker] = LostHolder(isGone: isGone, status: statuses[worker], now: now)
        }
        return holders
    }

    /// What living workers say of themselves.
    func workerStatuses() -> [WorkerID: WorkerStatus] {
        Dictionary(WorkerStatus.all(in: workersDirectory).map { ($0.worker, $0) }) { first, _ in first }
    }
}
