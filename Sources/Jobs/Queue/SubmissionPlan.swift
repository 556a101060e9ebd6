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
    /// Throws `SubmissionProblem` for a job that can't be: a parent that nobody named, or a cycle, with its path.
    package init(_ requests: [JobRequest], submitID: String) throws(SubmissionProblem) {
        let run = Self.run(of: submitID)
        let graph = try DependencyGraph(requests)
        let order = try graph.order(requests)
        var places = [Int](repeating: 0, count: requests.count)
        for (place, index) in order.enumerated() { places[index] = place }
        var jobs: [Item] = []
        jobs.reserveCapacity(requests.count)
        for (place, index) in order.enumerated() {
            let request = requests[index]
            try request.check(at: index)
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
        try Self.checkKeys(jobs)
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

    /// Of two jobs with one key the second must say what is to become of it.
    private static func checkKeys(_ jobs: [Item]) throws(SubmissionProblem) {
        var holders: [UniqueKeyID: Item] = [:]
        for item in jobs {
            guard let unique = item.job.terms?.unique,
                let first = holders.updateValue(item, forKey: UniqueKeyID(unique, of: item.job)),
                unique.onConflict == .reject
            else { continue }
            throw SubmissionProblem(
                item.index, name: item.job.terms?.name, field: "unique",
                "job \(first.index + 1) has the same key “\(unique.key)”",
                remedy: "give it another key, or an onConflict other than reject")
        }
    }
}

extension JobRequest {
    /// What the fields of a job may be.
    fileprivate func check(at index: Int) throws(SubmissionProblem) {
        func problem(_ field: String, _ message: String, _ remedy: String) -> SubmissionProblem {
            SubmissionProblem(index, name: name, field: field, message, remedy: remedy)
        }
        guard isWord(kind) else {
            throw problem("kind", "«\(kind)» is no word in camel case", "name it like `analyse`")
        }
        guard JobRequest.isQueueName(queue) else {
            throw problem(
                "queue", "«\(queue)» is no name of a queue", "use 1 to 100 letters, digits, `_`, `.`, `:` and `-`")
        }
        guard abs(priority) <= QueueTerms.highestPriority else {
            throw problem("priority", "\(priority) is out of range", "use -100 to 100, the higher first")
        }
        let size = input.canonicalBytes().count
        guard size <= QueueTerms.longestInput else {
            throw problem(
                "input", "it has \(size) bytes", "at most \(QueueTerms.longestInput) are kept; name a file instead")
        }
        if after.isEmpty, join == .anyFailed {
            throw problem("join", "anyFailed waits for a failure, and the job waits for nobody", "name jobs in after")
        }
        if let unique, !(1...QueueTerms.Unique.longestKey).contains(unique.key.unicodeScalars.count) {
            throw problem(
                "unique.key", "it has \(unique.key.unicodeScalars.count) code points",
                "use 1 to \(QueueTerms.Unique.longestKey)")
        }
        if unique?.onConflict == .keepLatest, join == .anyFailed {
            throw problem(
                "unique.onConflict",
                "keepLatest may have to wait for another job, and anyFailed would run at its failure",
                "use replaceWaiting, or another join")
        }
        if let notBefore, let deadline, deadline <= notBefore {
            throw problem("deadline", "it isn't later than notBefore", "leave time between the two")
        }
    }

    /// Whether text can name a queue, whose stream it names too.
    package static func isQueueName(_ text: String) -> Bool {
        text.utf8.count <= 100 && RunID(rawValue: text) != nil
    }
}
