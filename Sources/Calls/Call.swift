import Deciders
package import Determinism
package import EventLog
package import Jobs

/// One question to a model: the intent is recorded, then it is sent, then what came of it is recorded.
package enum Call: Decider {
    package typealias Event = CallEvent

    package indirect enum State: Equatable, Sendable {
        case absent
        case known(Progress)
        /// Never sent: the answer is that of an earlier call.
        case reused(CallReused)
    }

    /// A question that was sent at least once.
    package struct Progress: Equatable, Sendable {
        /// The latest attempt.
        package var started: CallStarted
        /// Failures since the question was last asked afresh, that is, not as a decided retry.
        package var failures = 0
        /// Of those: being refused for the rate.
        package var refusals = CallPolicy.Refusals.none
        /// Of those: the last ones in a row that are of one class.
        package var alike = 0
        package var lastFailure: CallFailed?
        package var stage = Stage.inFlight
    }

    package indirect enum Stage: Equatable, Sendable {
        /// Sent or about to be; whoever finds it so after a restart can't know which.
        case inFlight
        case failed(CallFailed)
        case unknown
        case retrying(notBefore: Timestamp)
        case completed(CallCompleted)
    }

    /// What is to be sent; the attempt's number follows from the state.
    package struct Intent: Equatable, Sendable {
        package let adapter: String
        package let endpoint: String
        package let job: JobID
        package let model: String
        package let provider: String
        package let purpose: CallPurpose
        package let request: Digest
        package let stream: Bool
        package let turn: Int
        package let worker: WorkerID
        /// What the gate let it pass with.
        package let permit: CallPermit

        package init(
            adapter: String, endpoint: String, job: JobID, model: String, provider: String, purpose: CallPurpose,
            request: Digest, stream: Bool = false, turn: Int, worker: WorkerID, permit: CallPermit = CallPermit()
        ) {
            self.adapter = adapter
            self.endpoint = endpoint
            self.job = job
            self.model = model
            self.provider = provider
            self.purpose = purpose
            self.request = request
            self.stream = stream
            self.turn = turn
            self.worker = worker
            self.permit = permit
        }

        func started(attempt: Int) -> CallStarted {
            CallStarted(
                adapter: adapter, attempt: attempt, endpoint: endpoint, job: job, model: model, provider: provider,
                purpose: purpose, request: request, reserved: permit.reserved, stream: stream, turn: turn,
                worker: worker, version: permit.version)
        }
    }

    package enum Command: Equatable, Sendable {
        case start(Intent, at: Timestamp)
        case complete(CallCompleted, by: WorkerID)
        case fail(CallFailed, by: WorkerID)
        /// Of the attempt that began at this position.
        case declareUnknown(attempt: Int, started: Position)
        /// After this attempt.
        case decideRetry(after: Int, at: Timestamp, delay: Microseconds)
        /// Instead of sending it.
        case reuse(CallReused)
    }

    package enum Refusal: Error, Equatable, Sendable {
        case notStarted
        case alreadyAnswered
        /// Somebody's attempt is under way, or what came of it isn't declared yet.
        case inFlight(WorkerID)
        case notDue(Timestamp)
        /// The outcome belongs to an attempt that isn't the one under way: the job was taken over.
        case superseded
        /// A retry must be decided first.
        case undecided
        /// The last attempt neither failed in a way that may pass, nor is its outcome unknown.
        case nothingToRetry
    }

    package static let category = "call"
    package static let initial = State.absent

    package static func evolve(_ state: State, _ event: CallEvent) -> State {
        switch (event, state) {
        case (.started(let started), .absent): return .known(Progress(started: started))
        case (.reused(let reused), .absent): return .reused(reused)
        case (_, .absent), (_, .reused): return state
        case (_, .known(var progress)):
            progress.evolve(event)
            return .known(progress)
        }
    }
}

extension Call.Progress {
    fileprivate mutating func evolve(_ event: CallEvent) {
        switch event {
        case .started(let next):
            if case .failed = stage {
                failures = 0
                refusals = .none
                alike = 0
                lastFailure = nil
            }
            started = next
            stage = .inFlight
        case .completed(let completed): stage = .completed(completed)
        case .failed(let failure):
            failures += 1
            refusals = refusals.counting(failure)
            alike = lastFailure?.class == failure.class ? alike + 1 : 1
            lastFailure = failure
            stage = .failed(failure)
        case .retryDecided(let retry): stage = .retrying(notBefore: retry.notBefore)
        case .outcomeUnknown: stage = .unknown
        case .reused: break
        }
    }
}

extension Call {
    package static func decide(_ command: Command, _ state: State) throws(Refusal) -> [CallEvent] {
        if case .reuse(let reused) = command { return try reuse(reused, state) }
        if case .reused = state { throw .alreadyAnswered }
        return switch command {
        case .reuse: []
        case .start(let intent, let now): try start(intent, at: now, state)
        case .complete(let completed, let worker): try complete(completed, by: worker, state)
        case .fail(let failed, let worker): try fail(failed, by: worker, state)
        case .declareUnknown(let attempt, let started): try declareUnknown(attempt, started, state)
        case .decideRetry(let attempt, let now, let delay): try decideRetry(after: attempt, at: now, delay, state)
        }
    }

    /// A call whose last attempt failed may be asked afresh: that is a new attempt of its job, with a budget of its own.
    private static func start(_ intent: Intent, at now: Timestamp, _ state: State) throws(Refusal) -> [CallEvent] {
        guard case .known(let call) = state else { return [.started(intent.started(attempt: 1))] }
        let next = CallEvent.started(intent.started(attempt: call.started.attempt + 1))
        switch call.stage {
        case .inFlight:
            guard call.started == intent.started(attempt: call.started.attempt) else {
                throw .inFlight(call.started.worker)
            }
            return []
        case .failed: return [next]
        case .unknown: throw .undecided
        case .retrying(let notBefore):
            guard notBefore <= now else { throw .notDue(notBefore) }
            return [next]
        case .completed: throw .alreadyAnswered
        }
    }

    /// Only a question that was never sent: once it was, its own answer counts.
    private static func reuse(_ reused: CallReused, _ state: State) throws(Refusal) -> [CallEvent] {
        switch state {
        case .absent: [.reused(reused)]
        case .reused(reused): []
        case .reused: throw .alreadyAnswered
        case .known(let call): throw .inFlight(call.started.worker)
        }
    }

    private static func complete(
        _ completed: CallCompleted, by worker: WorkerID, _ state: State
    ) throws(Refusal) -> [CallEvent] {
        guard case .known(let call) = state else { throw .notStarted }
        switch call.stage {
        case .inFlight where call.started.attempt == completed.attempt && call.started.worker == worker:
            return [.completed(completed)]
        case .completed(completed): return []
        case .inFlight, .failed, .unknown, .retrying, .completed: throw .superseded
        }
    }

    private static func fail(_ failed: CallFailed, by worker: WorkerID, _ state: State) throws(Refusal) -> [CallEvent] {
        guard case .known(let call) = state else { throw .notStarted }
        switch call.stage {
        case .inFlight where call.started.attempt == failed.attempt && call.started.worker == worker:
            return [.failed(failed)]
        case .failed(failed): return []
        case .inFlight, .failed, .unknown, .retrying, .completed: throw .superseded
        }
    }

    private static func declareUnknown(
        _ attempt: Int, _ started: Position, _ state: State
    ) throws(Refusal) -> [CallEvent] {
        guard case .known(let call) = state else { throw .notStarted }
        switch call.stage {
        case .inFlight where call.started.attempt == attempt:
            return [.outcomeUnknown(CallOutcomeUnknown(attempt: attempt, started: started))]
        case .unknown where call.started.attempt == attempt: return []
        case .inFlight, .failed, .unknown, .retrying, .completed: throw .superseded
        }
    }

    private static func decideRetry(
        after attempt: Int, at now: Timestamp, _ delay: Microseconds, _ state: State
    ) throws(Refusal) -> [CallEvent] {
        guard case .known(let call) = state else { throw .notStarted }
        guard call.started.attempt == attempt else { throw .superseded }
        let retry = CallEvent.retryDecided(CallRetryDecided(attempt: attempt + 1, delay: delay, notBefore: now + delay))
        switch call.stage {
        case .failed(let failure) where failure.retryable: return [retry]
        case .unknown: return [retry]
        case .retrying: return []
        case .inFlight, .failed, .completed: throw .nothingToRetry
        }
    }
}
