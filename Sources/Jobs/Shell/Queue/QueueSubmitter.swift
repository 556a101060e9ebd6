package import Deciders
import Determinism
package import EventLog

/// Submits jobs to queues: many at once, and harmless to repeat.
package struct QueueSubmitter: Sendable {
    /// What came of a submission.
    package struct Receipt: Equatable, Sendable {
        package let run: RunID
        /// The ids, in the order in which the jobs were asked for; of one whose unique key another has, that other's.
        package let jobs: [JobID]
        /// The places of jobs that aren't there since another has their unique key, in order.
        package let answered: [Int]
        /// How many of them weren't there before.
        package let new: Int
    }

    /// Why nothing was submitted.
    package enum Refusal: Error, Equatable, Sendable {
        case problems(SubmissionProblems)
        /// The id was used for other jobs.
        case submittedDifferently(submitID: String, jobs: Int)
        /// The queue takes no jobs until somebody ends that.
        case draining(queue: String)
        /// Another job has the unique key of one of these, the one at a place.
        ///
        /// Nothing was submitted, unless the other took the key after it had been looked for; then jobs before this one
        /// may be there, and the same submission goes on with this one. The holder is nil when several kept taking it.
        case keyHeld(index: Int, name: String?, key: String, holder: JobID?)
    }

    /// How many jobs one append takes.
    private static let batch = 2_048
    /// How many unique keys are taken at once.
    private static let keyBatch = 256

    private let log: any Log
    private let jobs: CommandHandler<Job>
    private let submissions: CommandHandler<Submission>
    private let queues: CommandHandler<QueueControl>
    private let keys: UniqueKeys

    package init(log: any Log, effects: Effects) {
        self.log = log
        jobs = CommandHandler(log: log, effects: effects, worker: nil)
        submissions = CommandHandler(log: log, effects: effects, worker: nil)
        queues = CommandHandler(log: log, effects: effects, worker: nil)
        keys = UniqueKeys(log: log, effects: effects)
    }

    /// Submits jobs under an id; again under the same id it adds what is missing, and appends nothing if nothing is.
    ///
    /// Throws `Refusal`, and but for a race for a unique key before anything is recorded.
    package func submit(_ requests: [JobRequest], id submitID: String, by person: String) async throws -> Receipt {
        let plan: SubmissionPlan
        let strangers = unknownParents(requests)
        do throws(SubmissionProblems) {
            plan = try SubmissionPlan(requests, submitID: submitID)
        } catch {
            throw Refusal.problems(SubmissionProblems(error.problems + strangers))
        }
        guard strangers.isEmpty else { throw Refusal.problems(SubmissionProblems(strangers)) }
        for queue in Set(requests.map(\.queue)).sorted() where try queues.load(queue).state.isDraining {
            throw Refusal.draining(queue: queue)
        }
        let hasKeys = requests.contains { $0.unique != nil }
        if hasKeys { try await checkKeys(plan) }
        try await accept(plan, submitID, person)
        let (new, answers) =
            hasKeys ? try await appendWithKeys(plan, by: person) : (try await append(plan.jobs[...]), [:])
        var ids = [JobID](repeating: JobID(of: plan.run, ordinal: 0), count: requests.count)
        for item in plan.jobs { ids[item.index] = answers[item.id] ?? item.id }
        let answered = answers.isEmpty ? [] : plan.jobs.filter { answers[$0.id] != nil }.map(\.index).sorted()
        return Receipt(run: plan.run, jobs: ids, answered: answered, new: new)
    }

    private func accept(_ plan: SubmissionPlan, _ submitID: String, _ person: String) async throws {
        let accepted = SubmissionAccepted(
            by: person, content: plan.content, jobs: plan.jobs.count, submitID: submitID)
        do throws(CommandError<Submission.Refusal>) {
            try await submissions.handle(plan.run.rawValue, run: plan.run.rawValue, .accept(accepted))
        } catch {
            guard case .refused(.submittedDifferently(let known)) = error else { throw error }
            throw Refusal.submittedDifferently(submitID: submitID, jobs: known.jobs)
        }
    }

    /// Appends the jobs in their order, so that parents come before children.
    private func append(_ jobs: ArraySlice<SubmissionPlan.Item>, _ answers: [JobID: JobID] = [:]) async throws -> Int {
        var new = 0
        var rest = jobs
        while !rest.isEmpty {
            let batch = rest.prefix(Self.batch)
            rest = rest.dropFirst(batch.count)
            let results = await self.jobs.handle(
                batch.map { item in
                    let job = answers.isEmpty ? item.job : item.job.replacingParents(answers)
                    return BatchCommand(item.id.rawValue, run: job.run.rawValue, job: item.id.rawValue, from: .empty) {
                        _ in .submit(job)
                    }
                })
            for result in results { new += try result.get().events.count }
        }
        return new
    }

    /// A job of an earlier submission must be in the log.
    private func unknownParents(_ requests: [JobRequest]) -> [SubmissionProblem] {
        var problems: [SubmissionProblem] = []
        for (index, request) in requests.enumerated() where problems.count < SubmissionProblems.most {
            for parent in request.after {
                guard case .id(let id) = parent.reference, (try? isKnown(id)) != true else { continue }
                problems.append(
                    SubmissionProblem(
                        index, name: request.name, field: "after", "there is no job \(id) in a queue",
                        remedy: "cairn query jobs lists those there are"))
            }
        }
        return problems
    }

    private func isKnown(_ id: JobID) throws -> Bool {
        guard case .known(let job) = try jobs.load(id.rawValue).state else { return false }
        return job.submission.terms != nil
    }
}

// MARK: - Unique keys

extension QueueSubmitter {
    /// Refuses a submission whose keys others have, before anything is recorded.
    private func checkKeys(_ plan: SubmissionPlan) async throws {
        for item in plan.jobs {
            guard let unique = item.job.terms?.unique, unique.onConflict == .reject else { continue }
            if let holder = try await keys.holder(against: item.id, item.job, unique) {
                throw Refusal.keyHeld(item, holder)
            }
        }
    }

    /// Appends jobs in their order, those with keys after taking these: how many are new, and which others are given in
    /// whose place.
    ///
    /// A job with a key is there, or another is given in its place, before any of its children is appended.
    private func appendWithKeys(
        _ plan: SubmissionPlan, by person: String
    ) async throws -> (new: Int, answers: [JobID: JobID]) {
        var new = 0
        var answers: [JobID: JobID] = [:]
        var rest = plan.jobs[...]
        while let first = rest.first {
            if first.job.terms?.unique == nil {
                let plain = rest.prefix { $0.job.terms?.unique == nil }
                new += try await append(plain, answers)
                rest = rest.dropFirst(plain.count)
            } else {
                let group = independent(rest)
                let outcomes = try await submit(group, answers, by: person)
                for (item, outcome) in zip(group, outcomes) {
                    switch outcome {
                    case .begun: new += 1
                    case .known: break
                    case .answered(let other): answers[item.id] = other
                    case .held(let holder): throw Refusal.keyHeld(item, holder)
                    case .refused(let refusal): throw CommandError<Job.Refusal>.refused(refusal)
                    case .contended: throw Refusal.keyHeld(item, nil)
                    }
                }
                rest = rest.dropFirst(group.count)
            }
        }
        return (new, answers)
    }

    /// The first jobs with keys that neither share one nor wait for each other.
    private func independent(_ jobs: ArraySlice<SubmissionPlan.Item>) -> ArraySlice<SubmissionPlan.Item> {
        var taken: Set<UniqueKeyID> = []
        let start = jobs.startIndex
        return jobs.prefix(Self.keyBatch).prefix { item in
            guard let terms = item.job.terms, let unique = terms.unique else { return false }
            let isAfterOneOfThese = terms.parents.contains { range in
                jobs[start..<(start + taken.count)].contains { range.contains($0.id) }
            }
            return !isAfterOneOfThese && taken.insert(UniqueKeyID(unique, of: item.job)).inserted
        }
    }

    private func submit(
        _ group: ArraySlice<SubmissionPlan.Item>, _ answers: [JobID: JobID], by person: String
    ) async throws -> [UniqueKeySettling.Outcome] {
        let items = Array(group)
        return try await withThrowingTaskGroup(of: (Int, UniqueKeySettling.Outcome).self) { tasks in
            for (place, item) in items.enumerated() {
                guard let unique = item.job.terms?.unique else { continue }
                let job = item.job.replacingParents(answers)
                tasks.addTask { (place, try await keys.submit(item.id, job, unique, by: person)) }
            }
            var outcomes = [UniqueKeySettling.Outcome](repeating: .known, count: items.count)
            for try await (place, outcome) in tasks { outcomes[place] = outcome }
            return outcomes
        }
    }
}

extension QueueSubmitter.Refusal {
    fileprivate static func keyHeld(_ item: SubmissionPlan.Item, _ holder: JobID?) -> QueueSubmitter.Refusal {
        .keyHeld(
            index: item.index, name: item.job.terms?.name, key: item.job.terms?.unique?.key ?? "", holder: holder)
    }
}
