package import Deciders
import Determinism
package import EventLog

/// Submits jobs to queues: many at once, and harmless to repeat.
package struct QueueSubmitter: Sendable {
    /// What came of a submission.
    package struct Receipt: Equatable, Sendable {
        package let run: RunID
        /// The ids, in the order in which the jobs were asked for.
        package let jobs: [JobID]
        /// How many of them weren't there before.
        package let new: Int
    }

    /// Why nothing was submitted.
    package enum Refusal: Error, Equatable, Sendable {
        case problem(SubmissionProblem)
        /// The id was used for other jobs.
        case submittedDifferently(submitID: String, jobs: Int)
        /// The queue takes no jobs until somebody ends that.
        case draining(queue: String)
    }

    /// How many jobs one append takes.
    private static let batch = 2_048

    private let log: any Log
    private let jobs: CommandHandler<Job>
    private let submissions: CommandHandler<Submission>
    private let queues: CommandHandler<QueueControl>

    package init(log: any Log, effects: Effects) {
        self.log = log
        jobs = CommandHandler(log: log, effects: effects, worker: nil)
        submissions = CommandHandler(log: log, effects: effects, worker: nil)
        queues = CommandHandler(log: log, effects: effects, worker: nil)
    }

    /// Submits jobs under an id; again under the same id it adds what is missing, and appends nothing if nothing is.
    ///
    /// Throws `Refusal` before anything is recorded.
    package func submit(_ requests: [JobRequest], id submitID: String, by person: String) async throws -> Receipt {
        let plan: SubmissionPlan
        do throws(SubmissionProblem) {
            plan = try SubmissionPlan(requests, submitID: submitID)
            try checkParents(requests)
        } catch {
            throw Refusal.problem(error)
        }
        for queue in Set(requests.map(\.queue)).sorted() where try queues.load(queue).state.isDraining {
            throw Refusal.draining(queue: queue)
        }
        try await accept(plan, submitID, person)
        var ids = [JobID](repeating: JobID(of: plan.run, ordinal: 0), count: requests.count)
        for item in plan.jobs { ids[item.index] = item.id }
        return Receipt(run: plan.run, jobs: ids, new: try await append(plan))
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
    private func append(_ plan: SubmissionPlan) async throws -> Int {
        var new = 0
        var rest = plan.jobs[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Self.batch)
            rest = rest.dropFirst(batch.count)
            let results = await jobs.handle(
                batch.map { item in
                    BatchCommand(
                        item.id.rawValue, run: plan.run.rawValue, job: item.id.rawValue, from: .empty
                    ) { _ in .submit(item.job) }
                })
            for result in results { new += try result.get().events.count }
        }
        return new
    }

    /// A job of an earlier submission must be in the log.
    private func checkParents(_ requests: [JobRequest]) throws(SubmissionProblem) {
        for (index, request) in requests.enumerated() {
            for parent in request.after {
                guard case .id(let id) = parent.reference else { continue }
                guard (try? isKnown(id)) == true else {
                    throw SubmissionProblem(
                        index, name: request.name, field: "after", "there is no job \(id) in a queue",
                        remedy: "cairn query jobs lists those there are")
                }
            }
        }
    }

    private func isKnown(_ id: JobID) throws -> Bool {
        guard case .known(let job) = try jobs.load(id.rawValue).state else { return false }
        return job.submission.terms != nil
    }
}
