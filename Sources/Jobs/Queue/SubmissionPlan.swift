import CanonicalJSON
package import Determinism
import EventLog

/// The jobs of a submission with their ids, parents before children.
package struct SubmissionPlan: Sendable {
    package struct Item: Sendable {
        package let id: JobID
        package let job: JobSubmitted
        /// Its place in what was asked for.
        package let index: Int
    }

    package let run: RunID
    /// In the order in which they are submitted.
    package let jobs: [Item]

    /// The run that the jobs of a submission belong to.
    package static func run(of submitID: String) -> RunID { RunID(identifying: ["submission", submitID]) }

    /// Gives every job an id that follows from the submission's and from its place, parents first.
    ///
    /// Throws `SubmissionProblems` for jobs that can't be: a parent that nobody named, or a cycle, with its path.
    package init(_ requests: [JobRequest], submitID: String) throws(SubmissionProblems) {
        let run = Self.run(of: submitID)
        let graph = DependencyGraph(requests)
        let problems = Self.problems(requests, graph)
        guard problems.isEmpty else { throw SubmissionProblems(problems) }
        let order = graph.order
        var places = [Int](repeating: 0, count: requests.count)
        for (place, index) in order.enumerated() { places[index] = place }
        var jobs: [Item] = []
        jobs.reserveCapacity(requests.count)
        for (place, index) in order.enumerated() {
            let request = requests[index]
            let parents = graph.parents(of: index, in: request).map { parent in
                switch parent.place {
                case .here(let other): (JobID(of: run, ordinal: places[other]), parent.onFailure)
                case .before(let id): (id, parent.onFailure)
                }
            }
            let terms = QueueTerms(
                deadline: request.deadline, input: request.input, join: request.join, name: request.name,
                notBefore: request.notBefore, parents: ParentRange.joined(parents), priority: request.priority,
                retry: request.retry, timeout: request.timeout, unique: request.unique)
            let job = JobSubmitted(
                kind: request.kind, labels: request.tags, lane: request.queue, maxAttempts: request.retry.attempts,
                ordinal: place, run: run, terms: terms)
            jobs.append(Item(id: JobID(of: run, ordinal: place), job: job, index: index))
        }
        self.run = run
        self.jobs = jobs
    }

    /// SHA-256 over the canonical data of the jobs' submissions, each followed by a line feed.
    package var content: Digest {
        var builder = DigestBuilder()
        for item in jobs {
            item.job.canonicalBytes().withUnsafeBytes { builder.update($0) }
            builder.update("\n")
        }
        return builder.digest()
    }

    /// All that is wrong with jobs, some of which may have been read in part: what couldn't be read is as it is by itself.
    ///
    /// Without `knowsAllNames` a parent may have a name that couldn't be read.
    package static func problems(_ requests: [JobRequest], knowsAllNames: Bool) -> [SubmissionProblem] {
        problems(requests, DependencyGraph(requests, knowsAllNames: knowsAllNames))
    }

    private static func problems(_ requests: [JobRequest], _ graph: DependencyGraph) -> [SubmissionProblem] {
        var problems: [SubmissionProblem] = []
        for (index, request) in requests.enumerated() where problems.count < SubmissionProblems.most {
            problems += request.problems(at: index)
        }
        // Which of two jobs is the second isn't known without an order.
        if graph.problems.isEmpty { problems += keyProblems(requests, graph.order) }
        return graph.problems + problems
    }

    /// Of two jobs with one key the second must say what is to become of it.
    private static func keyProblems(_ requests: [JobRequest], _ order: [Int]) -> [SubmissionProblem] {
        var problems: [SubmissionProblem] = []
        var holders: [UniqueKeyID: Int] = [:]
        for index in order where problems.count < SubmissionProblems.most {
            let request = requests[index]
            guard let unique = request.unique else { continue }
            let key = UniqueKeyID(unique, kind: request.kind, queue: request.queue)
            guard let first = holders.updateValue(index, forKey: key), unique.onConflict == .reject else { continue }
            problems.append(
                SubmissionProblem(
                    index, name: request.name, field: "unique",
                    "job \(first + 1) has the same key “\(unique.key)”",
                    remedy: "give it another key, or an onConflict other than reject"))
        }
        return problems
    }
}

extension JobRequest {
    /// What is wrong with the fields of a job, each by itself.
    fileprivate func problems(at index: Int) -> [SubmissionProblem] {
        var problems: [SubmissionProblem] = []
        func note(_ field: String, _ message: String, _ remedy: String) {
            problems.append(SubmissionProblem(index, name: name, field: field, message, remedy: remedy))
        }
        if !isWord(kind) {
            note("kind", "«\(kind)» is no word in camel case", "name it like `analyse`")
        }
        if !JobRequest.isQueueName(queue) {
            note(
                "queue", "«\(queue)» is no name of a queue", "use 1 to 100 letters, digits, `_`, `.`, `:` and `-`")
        }
        if abs(priority) > QueueTerms.highestPriority {
            note("priority", "\(priority) is out of range", "use -100 to 100, the higher first")
        }
        let size = input.canonicalBytes().count
        if size > QueueTerms.longestInput {
            note(
                "input", "it has \(size) bytes", "at most \(QueueTerms.longestInput) are kept; name a file instead")
        }
        if after.isEmpty, join == .anyFailed {
            note("join", "anyFailed waits for a failure, and the job waits for nobody", "name jobs in after")
        }
        if let unique, !(1...QueueTerms.Unique.longestKey).contains(unique.key.unicodeScalars.count) {
            note(
                "unique.key", "it has \(unique.key.unicodeScalars.count) code points",
                "use 1 to \(QueueTerms.Unique.longestKey)")
        }
        if unique?.onConflict == .keepLatest, join == .anyFailed {
            note(
                "unique.onConflict",
                "keepLatest may have to wait for another job, and anyFailed would run at its failure",
                "use replaceWaiting, or another join")
        }
        if let notBefore, let deadline, deadline <= notBefore {
            note("deadline", "it isn't later than notBefore", "leave time between the two")
        }
        return problems
    }

    /// Whether text can name a queue, whose stream it names too.
    package static func isQueueName(_ text: String) -> Bool {
        text.utf8.count <= 100 && RunID(rawValue: text) != nil
    }
}
