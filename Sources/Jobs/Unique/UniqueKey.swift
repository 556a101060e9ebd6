import Deciders
package import Determinism

/// A key that one job at a time may have; its stream is what makes that exact, over all processes.
///
/// The job of the last `uniqueKey.taken` has it, as long as its hold lasts, which that job's own stream says. So there are
/// never two; what must be ruled out is that a job is begun which has lost its key meanwhile, and `Job` does that:
/// see `Job.Command.loseKey`.
package enum UniqueKey: Decider {
    package typealias Event = UniqueKeyEvent

    package struct State: Equatable, Sendable {
        /// How often the key was taken; whoever takes it says after how many.
        package var turns = 0
        package var last: UniqueKeyTaken?
        /// How the job had the key for whose end the last one waits.
        package var behind: UniqueKeyTaken?
    }

    package enum Command: Equatable, Sendable {
        /// Take the key, which was looked at after so many turns.
        case take(UniqueKeyTaken, turn: Int)
    }

    package enum Refusal: Error, Equatable, Sendable {
        /// Somebody took it since.
        case takenMeanwhile
    }

    package static let category = "uniqueKey"
    package static let initial = State()

    package static func evolve(_ state: State, _ event: UniqueKeyEvent) -> State {
        switch event {
        case .taken(let taken):
            let behind = [state.last, state.behind].compactMap(\.self).first { $0.holder == taken.behind }
            return State(turns: state.turns + 1, last: taken, behind: behind)
        }
    }

    package static func decide(_ command: Command, _ state: State) throws(Refusal) -> [UniqueKeyEvent] {
        switch command {
        case .take(let taken, let turn):
            if state.turns == turn { return [.taken(taken)] }
            guard state.turns == turn + 1, state.last == taken else { throw .takenMeanwhile }
            return []
        }
    }
}

extension UniqueKeyTaken {
    /// Whether the job still has the key, if nobody took it over; the job must be there.
    ///
    /// A job that was replaced gave its key away, however long it was to have it.
    package func holds(_ job: Job.Progress, at now: Timestamp) -> Bool {
        switch hold {
        case .whileWaiting: !job.hasEnded && !job.isLeased
        case .untilStarted: !job.hasEnded && !job.hasBegun
        case .untilFinished: !job.hasEnded
        case .until(let end): now < end && job.stage != .cancelled(.replaced)
        }
    }
}

extension Job.Progress {
    package var hasEnded: Bool {
        switch stage {
        case .completed, .failed, .cancelled, .skipped: true
        case .ready, .undecided, .retrying, .deferred, .leased: false
        }
    }

    var isLeased: Bool { if case .leased = stage { true } else { false } }

    /// Whether an operator could have it done again.
    var canReturn: Bool {
        switch stage {
        case .failed, .skipped, .cancelled(.requested), .cancelled(.replaced): true
        case .completed, .cancelled(.deadline), .ready, .undecided, .retrying, .deferred, .leased: false
        }
    }
}

extension UniqueKeyID {
    /// The key of a job, whose kind and queue may be the scope.
    package init(_ unique: QueueTerms.Unique, of job: JobSubmitted) {
        self.init(unique, kind: job.kind, queue: job.lane)
    }

    init(_ unique: QueueTerms.Unique, kind: String, queue: String) {
        let name = unique.scopeName(kind: kind, queue: queue) ?? ""
        self.init(identifying: [unique.scope.rawValue, name, unique.key])
    }
}

extension QueueTerms.Unique {
    /// The kind or the queue that the scope is; nil for the whole store.
    func scopeName(kind: String, queue: String) -> String? {
        switch scope {
        case .kind: kind
        case .queue: queue
        case .store: nil
        }
    }

    /// The event by which a job takes the key at a time.
    package func taken(
        by id: JobID, of submission: JobSubmitted, behind: JobID? = nil, at now: Timestamp
    ) -> UniqueKeyTaken {
        let hold: UniqueKeyTaken.Hold =
            switch hold {
            case .whileWaiting: .whileWaiting
            case .untilStarted: .untilStarted
            case .untilFinished: .untilFinished
            case .lasting(let length): .until(now + length)
            }
        return UniqueKeyTaken(
            behind: behind, hold: hold, holder: id, key: key, run: submission.run, scope: scope,
            scopeName: scopeName(kind: submission.kind, queue: submission.lane))
    }
}
