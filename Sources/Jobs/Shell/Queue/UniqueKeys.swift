package import Deciders
import Determinism
package import EventLog

/// Takes unique keys for jobs: carries out what `UniqueKeySettling` says.
package struct UniqueKeys: Sendable {
    private static let pause = Microseconds.milliseconds(20)

    private let jobs: CommandHandler<Job>
    private let keys: CommandHandler<UniqueKey>
    private let effects: Effects

    package init(log: any Log, effects: Effects) {
        self.effects = effects
        jobs = CommandHandler(log: log, effects: effects, worker: nil)
        keys = CommandHandler(log: log, effects: effects, worker: nil)
    }

    /// Takes the key of a job and submits it, or says whose the key is.
    func submit(
        _ id: JobID, _ submission: JobSubmitted, _ unique: QueueTerms.Unique, by person: String
    ) async throws -> UniqueKeySettling.Outcome {
        try await settle(UniqueKeySettling(id, submission, unique, .submit, by: person))
    }

    /// Takes the key of an ended job again and has the job done once more; nil for a job that has no key.
    package func retry(
        _ id: JobID, by person: String, note: String? = nil
    ) async throws -> UniqueKeySettling.Outcome? {
        guard case .known(let job) = try jobs.load(id.rawValue).state, let unique = job.submission.terms?.unique else {
            return nil
        }
        return try await settle(UniqueKeySettling(id, job.submission, unique, .retry, by: person, note: note))
    }

    /// Who would keep a job from being submitted, by a look that changes nothing.
    func holder(against id: JobID, _ submission: JobSubmitted, _ unique: QueueTerms.Unique) async throws -> JobID? {
        guard case .absent = try jobs.load(id.rawValue).state else { return nil }
        let key = try keys.load(UniqueKeyID(unique, of: submission).rawValue)
        guard key.revision != nil else { return nil }
        var taker = UniqueKeyTaker(id, onConflict: unique.onConflict)
        taker.closed.formUnion([key.state.last, key.state.behind].compactMap { $0?.holder })
        let now = try await time(of: UniqueKeyID(unique, of: submission), key)
        let verdict = try taker.verdict(on: key.state, at: now) { try jobs.load($0.rawValue).state }
        if case .held(let holder) = verdict { return holder }
        return nil
    }

    private func settle(_ start: UniqueKeySettling) async throws -> UniqueKeySettling.Outcome {
        var settling = start
        while true {
            switch settling.action {
            case .readJob(let job): settling.read(job, try jobs.load(job.rawValue))
            case .readKey:
                let key = try keys.load(settling.keyID.rawValue)
                settling.read(key, at: try await time(of: settling.keyID, key))
            case .change(let job, let command):
                settling.changed(try await change(job, settling, from: nil, command))
            case .take(let behind, let turn, let causes):
                settling.took(try await take(settling, behind, turn, causes))
            case .begin(let command):
                settling.began(try await change(settling.id, settling, from: settling.own, command))
            case .pause:
                try await effects.pause(Self.pause)
                settling.paused()
            case .end(let outcome): return outcome
            }
        }
    }

    /// The time by which holds that last for a while are judged.
    private func time(of id: UniqueKeyID, _ key: Loaded<UniqueKey>) async throws -> Timestamp {
        let stream = try StreamName(category: UniqueKey.category, id: id.rawValue)
        return try await effects.time(Place(stream: stream, revision: key.nextRevision))
    }

    private func take(
        _ settling: UniqueKeySettling, _ behind: JobID?, _ turn: Int, _ causes: [Position]
    ) async throws(CommandError<UniqueKey.Refusal>) -> Bool {
        let (id, submission, unique) = (settling.id, settling.submission, settling.unique)
        let cause = causes.isEmpty ? nil : Cause(positions: causes)
        do throws(CommandError<UniqueKey.Refusal>) {
            try await keys.handle(
                settling.keyID.rawValue, run: submission.run.rawValue, job: id.rawValue, cause: { _ in cause },
                from: settling.key
            ) { .take(unique.taken(by: id, of: submission, behind: behind, at: $0), turn: turn) }
            return true
        } catch {
            guard case .refused = error else { throw error }
            return false
        }
    }

    /// Whether a job took a command.
    private func change(
        _ id: JobID, _ settling: UniqueKeySettling, from loaded: Loaded<Job>?, _ command: Job.Command
    ) async throws(CommandError<Job.Refusal>) -> Bool {
        do throws(CommandError<Job.Refusal>) {
            try await jobs.handle(
                id.rawValue, run: settling.submission.run.rawValue, job: id.rawValue, from: loaded, command)
            return true
        } catch {
            guard case .refused = error else { throw error }
            return false
        }
    }
}
