import Deciders
import Determinism
import EventLog

@testable import Jobs

/// One process of a simulation: the machine, and what the shell holds for it.
struct SimulatedProcess {
    struct Holding {
        var loaded: Loaded<Job>
        let submission: JobSubmitted
        let attempt: Int
        /// Where the lease stands, or its last renewal.
        var lease: Position
        /// Tells a handler's end from that of an earlier attempt.
        let token: Int
    }

    let id: WorkerID
    var machine: QueueMachine
    var held: [JobID: Holding] = [:]
    var answers: [JobID: QueueResult] = [:]
    var rows: [JobID: QueueRow] = [:]
    var limited: Set<String> = []
    var isSettling = false
    var isRound = true
    var isAlive = true
    /// How far its clock is off.
    var offset = Microseconds.zero
    /// Until then it does nothing, as if it were stopped.
    var stalledUntil: Timestamp?

    init(_ id: WorkerID, slots: Int, lease: LeasePolicy, kinds: [String: KindPools.Limits]) {
        self.id = id
        machine = QueueMachine(QueueMachine.Settings(worker: id, slots: slots, lease: lease, kinds: kinds))
    }
}
