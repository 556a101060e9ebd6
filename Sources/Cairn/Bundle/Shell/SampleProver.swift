import Audit
import Calls
import CanonicalJSON
import Deciders
import Determinism
package import EventLog
import Experiments
package import Jobs
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
    }

    /// A blob that is larger is withheld: a definition with a thousand scenarios isn't needed for one of them.
    private static let longestBlob = 16_384

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
        let (proof, key) = try await proof(of: choice, signing: signing)
        let bytes = try proof.archived()
        try file.write(bytes)
        try await recording(now)
        try file.finish()
        return Written(bytes: bytes.count, key: key)
    }

    private func proof(
        of choice: Choice, signing: () async throws -> BundleSigner
    ) async throws -> (SampleProof, VerifierKey) {
        let samples = try RunSamples(try Queries(store), run: run)
        let definition = samples.definition
        guard let model = definition.models.firstIndex(where: { $0.id == choice.model }),
            let scenario = definition.scenarios.firstIndex(where: { $0.id == choice.scenario }),
            (1...definition.samples).contains(choice.sample)
        else { throw BundleError("the run has no sample \(choice.sample) of \(choice.scenario) by \(choice.model)") }
        let number = (choice.sample - 1) * definition.scenarios.count + scenario
        guard let sample = try samples.samples(ofModel: model, number..<number + 1).first else {
            throw BundleError("the run has no sample \(choice.sample) of \(choice.scenario) by \(choice.model)")
        }
        let events = try events(of: sample)
        guard let last = events.last else { throw BundleError("nothing of this sample is recorded") }
        let signer = try await signing()
        let checkpoint = try signer.head(last.position.rawValue + 1)
        var facts = BundleFacts(of: run)
        for event in events { try facts.take(event) }
        let proof = try store.log.inclusionProof(of: events.map(\.position), in: checkpoint.head.size)
        try BundleWriter.check(proof, of: facts.leaves, in: checkpoint.head)
        var blobs: [JSONLines.InlineBlob] = []
        for digest in facts.blobs.sorted() {
            let bytes = try store.log.blob(digest)
            blobs.append(.init(digest: digest, bytes: bytes.flatMap { $0.count > Self.longestBlob ? nil : $0 }))
        }
        guard let commitments = facts.commitments(definition) else {
            throw BundleError("the run was never submitted")
        }
        let index = BundleIndex(
            cairn: CairnVersion.text, code: facts.code, commitments: commitments, events: events.count,
            experiment: samples.row.experiment, forks: facts.forks,
            format: BundleIndex.Format(hasGaps: false, isFork: !facts.forks.isEmpty), head: checkpoint.head,
            kind: .sample, origin: checkpoint.origin, readModels: [:], run: run,
            withheld: blobs.filter { $0.bytes == nil }.map(\.digest))
        let made = try SampleProof(
            index: index, events: events, blobs: blobs, labels: try labels(of: sample.job),
            proof: proof, checkpoint: checkpoint, keys: signer.keys)
        return (made, signer.signer.key)
    }

    /// That the run was submitted, that the jobs were, every call, and the scores; that it was taken over into a fork, if it
    /// was; in the order of the log.
    private func events(of sample: RunSample) throws -> [Event] {
        var events = try first(StreamName(category: Run.category, id: run.rawValue))
        let jobs = [sample.job] + sample.judgings.map(\.job)
        for job in jobs { events += try first(StreamName(category: Job.category, id: job.rawValue)) }
        for turn in sample.turns + sample.judgings.flatMap(\.rounds) {
            events += try store.log.readStream(StreamName(category: Call.category, id: turn.row.call.rawValue))
        }
        for judging in sample.judgings {
            events += try store.log.readStream(StreamName(category: Score.category, id: judging.job.rawValue))
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
