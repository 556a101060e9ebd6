import Deciders

/// One process working on a run: it starts, may be asked to drain, and stops.
package enum Worker: Decider {
    package typealias Event = WorkerEvent

    package enum State: Equatable, Sendable {
        case absent
        case working(RunID)
        case draining(RunID)
        case stopped
    }

    package enum Command: Equatable, Sendable {
        case start(concurrency: Int, run: RunID)
        case requestDrain(WorkerDrainRequested.Reason)
        case stop(WorkerStopped.Reason)
    }

    package enum Refusal: Error, Equatable, Sendable {
        case notStarted
        case alreadyStopped
        /// A worker's id is never used for another process, nor for another run.
        case startedFor(RunID)
    }

    package static let category = "worker"
    package static let initial = State.absent

    package static func evolve(_ state: State, _ event: WorkerEvent) -> State {
        switch (event, state) {
        case (.started(let started), _): .working(started.run)
        case (.drainRequested, .working(let run)): .draining(run)
        case (.drainRequested, .absent), (.drainRequested, .draining), (.drainRequested, .stopped): state
        case (.stopped, _): .stopped
        }
    }

    package static func decide(_ command: Command, _ state: State) throws(Refusal) -> [WorkerEvent] {
        switch command {
        case .start(let concurrency, let run): try start(concurrency, run, state)
        case .requestDrain(let reason): try requestDrain(reason, state)
        case .stop(let reason): try stop(reason, state)
        }
    }

    private static func start(_ concurrency: Int, _ run: RunID, _ state: State) throws(Refusal) -> [WorkerEvent] {
        switch state {
        case .absent: [.started(WorkerStarted(concurrency: concurrency, run: run))]
        case .working(run), .draining(run): []
        case .working(let other), .draining(let other): throw .startedFor(other)
        case .stopped: throw .alreadyStopped
        }
    }

    private static func requestDrain(
        _ reason: WorkerDrainRequested.Reason, _ state: State
    ) throws(Refusal) -> [WorkerEvent] {
        switch state {
        case .absent: throw .notStarted
        case .working: [.drainRequested(WorkerDrainRequested(reason: reason))]
        case .draining: []
        case .stopped: throw .alreadyStopped
        }
    }

    private static func stop(_ reason: WorkerStopped.Reason, _ state: State) throws(Refusal) -> [WorkerEvent] {
        switch state {
        case .absent: throw .notStarted
        case .working, .draining: [.stopped(WorkerStopped(reason: reason))]
        case .stopped: []
        }
    }
}
