package import Deciders
package import Determinism
package import EventLog

/// The steps by which one job comes to its unique key, or to the answer whose it is.
///
/// Says what to read or to append next, and is told what came of it; between any two steps others may act, or this one may
/// end for good. The order is what makes it exact:
///
/// 1. The job itself is read, then the key's stream, then those who have or had the key.
/// 2. Of these, one that could still be begun by somebody who has read it already (it isn't there, or an operator may have
///    it done again) is closed by `job.keyLost`.
/// 3. The key is taken, if nobody took it since it was read.
/// 4. The job is begun, if nobody closed it or began it anew since it was read.
package struct UniqueKeySettling: Sendable {
    /// What is to become of the job when it has its key.
    package enum Goal: Equatable, Sendable {
        case submit
        /// An operator wants it done again; never at the expense of another.
        case retry
    }

    package enum Outcome: Equatable, Sendable {
        /// What was wanted was so before.
        case known
        case begun
        /// This job was given in its place.
        case answered(by: JobID)
        /// This job has the key, so it is refused.
        case held(by: JobID)
        /// The job can't be begun, whoever has its key.
        case refused(Job.Refusal)
        /// Others were faster again and again.
        case contended
    }

    package enum Action: Equatable, Sendable {
        case readJob(JobID)
        case readKey
        /// Close, end or answer a job.
        case change(JobID, Job.Command)
        /// Take the key if it has been taken so often; the causes are the last events of those who have or had it.
        case take(behind: JobID?, turn: Int, causes: [Position])
        /// The last step, from the job's state as it was read.
        case begin(Job.Command)
        /// Give the submitter time whose job has the key and isn't there.
        case pause
        case end(Outcome)
    }

    private static let mostPauses = 5
    private static let mostRounds = 256

    package let id: JobID
    package let submission: JobSubmitted
    package let unique: QueueTerms.Unique
    package private(set) var action: Action
    /// The job as it was read first.
    package private(set) var own = Loaded<Job>.empty
    package private(set) var key = Loaded<UniqueKey>.empty
    private let goal: Goal
    private let person: String
    /// Why a job is wanted done again, in that person's words.
    private let note: String?
    private var taker: UniqueKeyTaker
    private var holders: [JobID: Loaded<Job>] = [:]
    private var time = Timestamp.epoch
    private var pauses = 0
    private var rounds = 0

    package init(
        _ id: JobID, _ submission: JobSubmitted, _ unique: QueueTerms.Unique, _ goal: Goal, by person: String,
        note: String? = nil
    ) {
        self.id = id
        self.submission = submission
        self.unique = unique
        self.goal = goal
        self.person = person
        self.note = note
        taker = UniqueKeyTaker(id, onConflict: goal == .submit ? unique.onConflict : .reject)
        action = .readJob(id)
    }

    package var keyID: UniqueKeyID { UniqueKeyID(unique, of: submission) }
}

// MARK: - What happened

extension UniqueKeySettling {
    package mutating func read(_ job: JobID, _ loaded: Loaded<Job>) {
        guard job == id else {
            holders[job] = loaded
            return goOn()
        }
        own = loaded
        action = judged(loaded.state).map { .end($0) } ?? .readKey
    }

    /// The key was read; holds that last for a time are judged by the time after that.
    package mutating func read(_ key: Loaded<UniqueKey>, at now: Timestamp) {
        self.key = key
        time = now
        holders = [:]
        taker.closed = []
        goOn()
    }

    /// Whether the job took the command; what it refuses has changed since it was read.
    package mutating func changed(_ isDone: Bool) {
        guard isDone, case .change(let holder, let command) = action, holder != id else { return begin() }
        if case .replace = command { taker.hasReplaced = true } else { taker.closed.insert(holder) }
        holders[holder] = nil
        goOn()
    }

    /// Whether the key is this job's now.
    package mutating func took(_ isDone: Bool) {
        guard isDone, case .take(let behind, _, _) = action else { return begin() }
        action = .begin(command(behind: behind))
    }

    /// Whether the job is begun.
    package mutating func began(_ isDone: Bool) {
        if isDone { action = .end(.begun) } else { begin() }
    }

    package mutating func paused() {
        pauses += 1
        begin()
    }
}

// MARK: - What follows

extension UniqueKeySettling {
    private mutating func begin() {
        rounds += 1
        action = rounds < Self.mostRounds ? .readJob(id) : .end(.contended)
    }

    private func command(behind: JobID? = nil) -> Job.Command {
        switch goal {
        case .submit:
            .submit(behind.map { submission.waiting(for: $0) } ?? submission, keyTurns: own.state.keyTurns)
        case .retry: .requestRetry(by: person, note: note, keyTurns: own.state.keyTurns)
        }
    }

    /// The outcome where no key is needed for it.
    private func judged(_ state: Job.State) -> Outcome? {
        if goal == .submit, case .known = state { return .known }
        do throws(Job.Refusal) {
            return try Job.decide(command(), state).isEmpty ? .known : nil
        } catch {
            if case .standsFor(let other) = error { return .answered(by: other) }
            return .refused(error)
        }
    }

    /// Reads those who have or had the key, and then follows the verdict.
    private mutating func goOn() {
        for taken in [key.state.last, key.state.behind].compactMap(\.self)
        where taken.holder != id && holders[taken.holder] == nil {
            action = .readJob(taken.holder)
            return
        }
        let verdict = taker.verdict(on: key.state, at: time) { holders[$0]?.state ?? .absent }
        switch verdict {
        case .free(let behind):
            let causes = holders.values.compactMap(\.lastPosition).sorted()
            action = .take(behind: behind, turn: key.state.turns, causes: causes)
        case .close(let holder):
            let mayCome = holders[holder]?.revision == nil && pauses < Self.mostPauses
            action = mayCome ? .pause : .change(holder, loss(to: id, .taken))
        case .replace(let holder): action = .change(holder, .replace(by: person, with: id))
        case .held(let holder):
            action =
                taker.onConflict == .reject
                ? .end(.held(by: holder)) : .change(id, loss(to: holder, .existing))
        }
    }

    private func loss(to holder: JobID, _ reason: JobKeyLost.Reason) -> Job.Command {
        .loseKey(JobKeyLost(holder: holder, key: keyID, reason: reason))
    }
}

extension Job.State {
    /// How often it was begun anew or closed.
    var keyTurns: Int {
        switch self {
        case .absent: 0
        case .forestalled(let forestalled): forestalled.keyTurns
        case .known(let job): job.keyTurns
        }
    }
}

extension JobSubmitted {
    /// The same, after another job has ended.
    func waiting(for job: JobID) -> JobSubmitted { with(terms: terms?.waiting(for: job)) }

    /// The same with other jobs in the place of some parents.
    func replacingParents(_ others: [JobID: JobID]) -> JobSubmitted {
        with(terms: terms?.replacingParents(others))
    }

    private func with(terms: QueueTerms?) -> JobSubmitted {
        JobSubmitted(
            after: after, kind: kind, labels: labels, lane: lane, maxAttempts: maxAttempts, ordinal: ordinal, run: run,
            terms: terms)
    }
}
