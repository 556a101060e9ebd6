import Deciders

/// One process working on a run or on queues: it starts, may be asked to drain, and stops.
package enum Worker: Decider {
    package typealias Event = WorkerEvent

    package enum State: Equatable, Sendable {
        case absent
        case working(Standing)
        case draining(Standing)
        case stopped
    }

    /// A worker that hasn't stopped.
    package struct Standing: Equatable, Sendable {
        package let started: WorkerStarted
        /// The kinds of which it begins no more jobs, as far as it has said so and nobody resumed them.
        package var pausedKinds: Set<String> = []
    }

    package enum Command: Equatable, Sendable {
        case start(WorkerStarted)
        case requestDrain(WorkerDrainRequested.Reason)
        case stop(WorkerStopped.Reason)
        /// Say that it begins no more jobs of a kind; an observation, recorded each time.
        case pauseKind(WorkerKindPaused)
        /// Have it begin jobs of a kind again.
        case resumeKind(String, by: String, note: String?)
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
        case (.started(let started), _): .working(Standing(started: started))
        case (.drainRequested, .working(let standing)): .draining(standing)
        case (.drainRequested, .absent), (.drainRequested, .draining), (.drainRequested, .stopped): state
        case (.stopped, _): .stopped
        case (.kindPaused(let paused), _): state.changing { $0.pausedKinds.insert(paused.kind) }
        case (.kindResumed(let resumed), _): state.changing { $0.pausedKinds.remove(resumed.kind) }
        }
    }

    package static func decide(_ command: Command, _ state: State) throws(Refusal) -> [WorkerEvent] {
        switch command {
        case .start(let started): try start(started, state)
        case .requestDrain(let reason): try requestDrain(reason, state)
        case .stop(let reason): try stop(reason, state)
        case .pauseKind(let paused): try pauseKind(paused, state)
        case .resumeKind(let kind, let person, let note): try resumeKind(kind, by: person, note, state)
        }
    }

    private static func pauseKind(_ paused: WorkerKindPaused, _ state: State) throws(Refusal) -> [WorkerEvent] {
        switch state {
        case .absent: throw .notStarted
        case .working, .draining: [.kindPaused(paused)]
        case .stopped: throw .alreadyStopped
        }
    }

    private static func resumeKind(
        _ kind: String, by person: String, _ note: String?, _ state: State
    ) throws(Refusal) -> [WorkerEvent] {
        switch state {
        case .absent: throw .notStarted
        case .working(let standing), .draining(let standing):
            standing.pausedKinds.contains(kind)
                ? [.kindResumed(WorkerKindResumed(by: person, kind: kind, note: note))] : []
        case .stopped: throw .alreadyStopped
        }
    }

    /// Starting again for the same work does nothing, whatever the concurrency.
    private static func start(_ started: WorkerStarted, _ state: State) throws(Refusal) -> [WorkerEvent] {
        switch state {
        case .absent: [.started(started)]
        case .working(let known) where known.started.isForSameWork(as: started): []
        case .draining(let known) where known.started.isForSameWork(as: started): []
        case .working(let other), .draining(let other): throw .startedFor(other.started)
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

extension Worker.State {
    /// The kinds of which it begins no more jobs; nil for one that isn't at work.
    package var pausedKinds: Set<String>? {
        switch self {
        case .working(let standing), .draining(let standing): standing.pausedKinds
        case .absent, .stopped: nil
        }
    }

    fileprivate func changing(_ body: (inout Worker.Standing) -> Void) -> Worker.State {
        switch self {
        case .working(var standing):
            body(&standing)
            return .working(standing)
        case .draining(var standing):
            body(&standing)
            return .draining(standing)
        case .absent, .stopped: return self
        }
    }
}

extension WorkerStarted {
    fileprivate func isForSameWork(as other: WorkerStarted) -> Bool { run == other.run && queues == other.queues }
}
