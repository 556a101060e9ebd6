import CanonicalJSON
import Experiments
package import Jobs
import Projections

// A search by a name that nothing here has finds nothing, and is worth a word: the name may be mistyped.
extension Queries {
    /// The most jobs that are looked at for their tags.
    private static let mostLookedAt = 10_000

    private static let kindsOfRuns = ["judge", "probe"]

    /// The names of a filter that no job has, in sentences; kinds also of runs, if their jobs were looked at too.
    ///
    /// Costs one look per name, and a list of what there is instead; tags are looked for only among so few jobs that
    /// all can be looked at.
    package func unknownNames(
        in filter: QueueFilter, submission: String? = nil, runs: Bool = false
    ) throws -> [String] {
        let others = try runs && hasRuns() ? Self.kindsOfRuns : []
        return try views.query(JobQueue.self) { tables in
            var sentences: [String] = []
            if let kind = filter.kind, !others.contains(kind), try !tables.hasSeen(kind: kind) {
                let known = Set(try tables.allKinds() + others).sorted()
                sentences.append("no job of the kind \(kind) was ever in this store" + Self.instead("kinds", known))
            }
            if let queue = filter.queue, try !tables.hasSeen(queue: queue) {
                let known = try tables.allQueues().map(\.name).filter { try tables.hasSeen(queue: $0) }
                sentences.append("no job was ever submitted to the queue \(queue)" + Self.instead("queues", known))
            }
            if let submission, try tables.submission(SubmissionPlan.run(of: submission)) == nil {
                sentences.append("\(QueryError.submission(submission))")
            }
            return sentences + (filter.tags.isEmpty ? [] : try unknownTags(filter.tags, tables))
        }
    }

    /// The queues among these that no job was ever submitted to, in sentences.
    package func unknownQueues(_ names: [String]) throws -> [String] {
        try names.flatMap { name in
            var filter = QueueFilter()
            filter.queue = name
            return try unknownNames(in: filter)
        }
    }

    private func hasRuns() throws -> Bool {
        try views.query(Runs.self) { try !$0.runs.scan(limit: 1).isEmpty }
    }

    private func unknownTags(_ tags: [String: String], _ tables: JobQueue.Tables) throws -> [String] {
        var (seen, names, values) = (0, Set<String>(), Set<String>())
        try tables.jobs.forEach { _, row in
            seen += 1
            for (name, value) in row.labels.dictionary {
                names.insert(name)
                if tags[name] == value { values.insert(name) }
            }
            return seen <= Self.mostLookedAt
        }
        if seen > Self.mostLookedAt { return [] }
        return tags.sorted { $0.key < $1.key }.compactMap { name, value in
            if values.contains(name) { return nil }
            return names.contains(name)
                ? "no job of a queue has the tag \(name)=\(value)"
                : "no job of a queue has a tag \(name)" + Self.instead("tags", names.sorted())
        }
    }

    private static func instead(_ what: String, _ known: [String]) -> String {
        known.isEmpty ? "" : "; \(what) here: " + QueryError.list(known)
    }
}

extension JobQueue.Tables {
    /// Whether a job was ever submitted to a queue.
    fileprivate func hasSeen(queue: String) throws -> Bool {
        try self.queue(queue).map { $0.counts.total + $0.pruned > 0 } ?? false
    }
}
