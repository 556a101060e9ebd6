import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Synchronization

/// Whose key seals a blob: the subject's that its job is about, else its run's.
///
/// What is known of a job is kept: it never changes.
final class SubjectScopes: Sendable {
    private static let mostKnown = 65_536

    private struct Known {
        var scopes: [String: String] = [:]
        var subjects = Subjects()
    }

    private let known = Mutex(Known())

    /// For a store that is opened; each has a memory of its own.
    static func sealing(by actor: Actor = .user(Person.current)) -> BlobSealing {
        let scopes = SubjectScopes()
        var sealing = BlobSealing()
        sealing.scope = { (commit, log) throws(LogError) in try scopes.scope(of: commit, in: log) }
        sealing.announcement = { key, scope, log in
            guard let head = try? log.head() else { return nil }
            let made = AccessKeyChanged(.created, .data, key: key, scope: scope, by: actor, head: head, reason: nil)
            return try? AccessTrail.commit(of: [made], at: TimeSource.system.time())
        }
        return sealing
    }

    private func scope(of commit: Commit, in log: LMDBLog) throws(LogError) -> String {
        let ofRun = BlobSealing.runScope(of: commit)
        guard let first = commit.events.first,
            let job = (try? EventMetadata(canonicalBytes: first.metadata))?.job
        else { return ofRun }
        return try scope(of: job, orElse: ofRun, in: log)
    }

    /// The scope of what a job names.
    func scope(of job: String, orElse ofRun: String, in log: LMDBLog) throws(LogError) -> String {
        if let scope = known.withLock({ $0.scopes[job] }) { return scope }
        let stream = try StreamName(category: Job.category, id: job)
        guard let event = try log.readStream(stream, .forward, from: nil, limit: 1).first,
            let submitted = try? event.decode(JobSubmitted.self)
        else { return ofRun }
        let subject = try subject(of: submitted, in: log)
        let scope = subject.map { "subject:" + $0 } ?? ofRun
        known.withLock { known in
            if known.scopes.count == Self.mostKnown { known.scopes = [:] }
            known.scopes[job] = scope
        }
        return scope
    }

    private func subject(of job: JobSubmitted, in log: LMDBLog) throws(LogError) -> String? {
        let labels = job.labels
        if let subject = labels[Subjects.name] { return subject }
        guard let scenario = labels["scenario"] else { return nil }
        let stream = try StreamName(category: Run.category, id: job.run.rawValue)
        guard let event = try log.readStream(stream, .forward, from: nil, limit: 1).first,
            let submitted = try? event.decode(RunSubmitted.self)
        else { return nil }
        // Read before, so that nothing is read while the lock is held.
        let definition = try log.blob(submitted.definition)
        return known.withLock { known in
            try? known.subjects.subject(of: scenario, in: submitted.definition) { _ in definition }
        }
    }
}
