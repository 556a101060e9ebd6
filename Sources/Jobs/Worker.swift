import Deciders

/// One process working on a run or on queues: it starts, may be asked to drain, and stops.
package enum Worker: Decider {
    package typealias Event = WorkerEvent

    package enum State: Equatable, Sendable {
        case absent
        case working(WorkerStarted)
        case draining(WorkerStarted)
        case stopped
    }

    package enum Command: Equatable, Sendable {
        case start(WorkerStarted)
        case requestDrain(WorkerDrainRequested.Reason)
        case stop(WorkerStopped.Reason)
        /// Say that it begins no more jobs of a kind; an observation, recorded each time.
        case pauseKind(WorkerKindPaused)
    }

    package enum Refusal: Error, Equatable, Sendable {
        case notStarted
        case alreadyStopped
        /// A worker's id is never used for another process, nor for other work.
        case startedFor(WorkerStarted)
    }

    package static let category = "worker"
    package static let initial = State.absent

    package static func evolve(_ state: State, _ event: WorkerEvent) -> State {
        switch (event, state) {
        case (.started(let started), _): .working(started)
        case (.drainRequested, .working(let started)): .draining(started)
        case (.drainRequested, .absent), (.drainRequested, .draining), (.drainRequested, .stopped): state
        case (.stopped, _): .stopped
        case (.kindPaused, _): state
        }
    }

    package static func decide(_ command: Command, _ state: State) throws(Refusal) -> [WorkerEvent] {
        switch command {
        case .start(let started): try start(started, state)
        case .requestDrain(let reason): try requestDrain(reason, state)
        case .stop(let reason): try stop(reason, state)
        case .pauseKind(let paused): try pauseKind(paused, state)
        }
    }

    private static func pauseKind(_ paused: WorkerKindPaused, _ state: State) throws(Refusal) -> [WorkerEvent] {
        switch state {
        case .absent: throw .notStarted
        case .working, .draining: [.kindPaused(paused)]
        case .stopped: throw .alreadyStopped
        }
    }

    /// Starting again for the same work does nothing, whatever the concurrency.
    private static func start(_ started: WorkerStarted, _ state: State) throws(Refusal) -> [WorkerEvent] {
        switch state {
        case .absent: [.started(started)]
        case .working(let known) where known.isForSameWork(as: started): []
        case .draining(let known) where known.isForSameWork(as: started): []
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

extension WorkerStarted {
    fileprivate func isForSameWork(as other: WorkerStarted) -> Bool { run == other.run && queues == other.queues }
}
