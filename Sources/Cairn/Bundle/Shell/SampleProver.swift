import Audit
import Calls
import CanonicalJSON
import Deciders
package import Determinism
package import EventLog
import Experiments
package import Jobs
import Projections
import Scoring

/// Makes the proof of one sample.
package struct SampleProver {
    /// Which sample.
    package struct Choice: Sendable {
        package let model: String
        package let scenario: String
        /// From 1.
        package let sample: Int

        package init(model: String, scenario: String, sample: Int) {
            self.model = model
            self.scenario = scenario
            self.sample = sample
        }
    }

    /// What was written.
    package struct Written: Sendable {
        package let bytes: Int
        /// Who has signed it.
        package let key: VerifierKey
        /// Blobs that its events name and that aren't in it, in order.
        package let withheld: [Withheld]
    }

    /// A blob that isn't in a sample.
    package struct Withheld: Equatable, Sendable {
        package let digest: Digest
        package let isDefinition: Bool
        /// False for one that is there, and too large.
        package let isGone: Bool

        /// For people.
        package var note: String {
            let reason = isGone ? "it isn't in the store any more" : "it has more than \(SampleProof.longestBlob) bytes"
            let what = isDefinition ? "the definition, with its rubrics and data set," : "the blob"
            return "withheld: \(what) \(digest.hex): \(reason)"
        }
    }

    /// The jobs of a sample.
    private struct Jobs {
        var probe: JobID?
        var judgings: [JobID] = []

        /// Takes a job that is of the sample by its labels.
        mutating func take(_ id: JobID, _ labels: [String: String], of choice: Choice) {
            guard labels["model"] == choice.model, labels["scenario"] == choice.scenario,
                labels["sample"] == "\(choice.sample)"
            else { return }
            if labels["judge"] == nil { probe = id } else { judgings.append(id) }
        }
    }

    private let store: Store
    private let run: RunID

    package init(_ store: Store, run: RunID) {
        self.store = store
        self.run = run
    }

    /// Writes the proof to a file.
    ///
    /// `signing` is asked for who signs the head when the sample is found. `recording` comes before the file has its name,
    /// and hears what the log was.
    package func write(
        _ choice: Choice, to path: String, signing: () async throws -> BundleSigner,
        recording: (TreeHead) async throws -> Void = { _ in }
    ) async throws -> Written {
        let now = try store.log.head()
        let file = try OutputFile(replacing: path)
        let (proof, key, withheld) = try await proof(of: choice, signing: signing)
        let bytes = try proof.archived()
        try file.write(bytes)
        try await recording(now)
        try file.finish()
        return Written(bytes: bytes.count, key: key, withheld: withheld)
    }

    private func proof(
        of choice: Choice, signing: () async throws -> BundleSigner
    ) async throws -> (SampleProof, VerifierKey, [Withheld]) {
        let queries = try Queries(store)
        guard let row = try queries.runs(Queries.Selection(run: run.rawValue)).first?.row else {
            throw QueryError.run(run.rawValue, fitting: [])
        }
        // Erased, it is withheld; one that is there and can't be read is an error.
        let definition = try store.log.blob(row.definition) == nil ? nil : try queries.definition(of: run)
        let jobs = try jobs(of: choice, definition)
        guard let probe = jobs.probe else {
            throw BundleError("the run has no sample \(choice.sample) of \(choice.scenario) by \(choice.model)")
        }
        let events = try events(of: [probe] + jobs.judgings, scoredIn: jobs.judgings)
        let labels = try labels(of: probe)
        guard !labels.isEmpty, let last = events.last else { throw BundleError("nothing of this sample is recorded") }
        var facts = BundleFacts(of: run)
        for event in events { try facts.take(event) }
        try BundleWriter.refuseSealed(facts.blobs, of: run, in: store.log)
        guard let commitments = facts.commitments(definition) else {
            throw BundleError("the run was never submitted")
        }
        let signer = try await signing()
        let checkpoint = try signer.head(last.position.rawValue + 1)
        let proof = try store.log.inclusionProof(of: events.map(\.position), in: checkpoint.head.size)
        try BundleWriter.check(proof, of: facts.leaves, in: checkpoint.head)
        let (blobs, withheld) = try blobs(of: facts, definition: row.definition)
        let index = BundleIndex(
            cairn: CairnVersion.text, code: facts.code, commitments: commitments, events: events.count,
            experiment: row.experiment, forks: facts.forks,
            format: BundleIndex.Format(hasGaps: false, isFork: !facts.forks.isEmpty), head: checkpoint.head,
            kind: .sample, origin: checkpoint.origin, readModels: [:], run: run, withheld: withheld.map(\.digest))
        let made = try SampleProof(
            index: index, events: events, blobs: blobs, labels: labels, proof: proof,
            checkpoint: checkpoint, keys: signer.keys.filter { checkpoint.judgement(of: $0) != .absent })
        return (made, signer.signer.key, withheld)
    }

    /// In order.
    private func blobs(
        of facts: BundleFacts, definition: Digest
    ) throws -> (blobs: [JSONLines.InlineBlob], withheld: [Withheld]) {
        var blobs: [JSONLines.InlineBlob] = []
        var withheld: [Withheld] = []
        for digest in facts.blobs.sorted() {
            let bytes = try store.log.blob(digest)
            let shown = bytes.flatMap { $0.count > SampleProof.longestBlob ? nil : $0 }
            blobs.append(.init(digest: digest, bytes: shown))
            if shown == nil {
                withheld.append(
                    Withheld(digest: digest, isDefinition: digest == definition, isGone: bytes == nil))
            }
        }
        return (blobs, withheld)
    }

    /// Those of the plan; without the definition, those that were submitted with the labels.
    private func jobs(of choice: Choice, _ definition: ExperimentDefinition?) throws -> Jobs {
        var jobs = Jobs()
        if let definition {
            for job in JobPlan(definition, run: run).jobs { jobs.take(job.id, job.labels, of: choice) }
            return jobs
        }
        try store.views.query(JobStatus.self) { tables in
            for state in JobStatus.State.allCases {
                try tables.forEach(of: run, in: state) { id, row in
                    jobs.take(id, row.labels, of: choice)
                    return true
                }
            }
        }
        return jobs
    }

    /// That the run was submitted, that the jobs were, every call, and the scores; that it was taken over into a fork, if it
    /// was; in the order of the log.
    private func events(of jobs: [JobID], scoredIn judgings: [JobID]) throws -> [Event] {
        var events = try first(StreamName(category: Run.category, id: run.rawValue))
        for job in jobs { events += try first(StreamName(category: Job.category, id: job.rawValue)) }
        let calls = try store.views.query(Transcripts.self) { tables in
            try jobs.flatMap { try tables.turns.scan(prefix: KeyPrefix(run, $0)).map(\.row.call) }
        }
        for call in calls {
            events += try store.log.readStream(StreamName(category: Call.category, id: call.rawValue))
        }
        for job in judgings {
            events += try store.log.readStream(StreamName(category: Score.category, id: job.rawValue))
        }
        events += try ForkSelection(of: run, in: store.log, before: Position(store.log.head().size)) { _ in false }
            .events
        return events.sorted { $0.position < $1.position }
    }

    private func first(_ stream: StreamName) throws -> [Event] {
        try store.log.readStream(stream, .forward, from: .first, limit: 1)
    }

    private func labels(of job: JobID) throws -> [String: String] {
        try first(StreamName(category: Job.category, id: job.rawValue)).first?.decode(JobSubmitted.self).labels ?? [:]
    }
}
