import Synchronization

/// Who waits for a slot that the pool has to give.
final class SlotTurns: Sendable {
    private let waiting = Mutex<[PoolState.StepKey: OneShot]>([:])

    func add(_ turn: OneShot, of key: PoolState.StepKey) { waiting.withLock { $0[key] = turn } }

    /// The job has a slot.
    func come(_ key: PoolState.StepKey) { waiting.withLock { $0.removeValue(forKey: key) }?.happen() }
}
