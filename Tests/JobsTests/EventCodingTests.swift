import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Testing

@testable import Jobs

@Suite struct EventCodingTests {
    static let samples: [any EventPayload] = [
        WorkerStarted(concurrency: 4, run: Sample.run), WorkerDrainRequested(reason: .signal),
        WorkerStopped(reason: .finished), Sample.submitted(3, after: [Sample.job(1)]),
        JobLeased(attempt: 1, deadline: Sample.at(9), worker: Sample.a),
        JobLeaseRenewed(attempt: 1, deadline: Sample.at(9), worker: Sample.a),
        JobCompleted(attempt: 1, result: ["turns": 5], worker: Sample.a),
        JobFailed(attempt: 1, class: "timeout", final: false, message: "slow", retryable: true, worker: Sample.a),
        JobRetryScheduled(attempt: 2, delay: .seconds(1), notBefore: Sample.at(2)),
        JobLeaseExpired(attempt: 1, crashes: 2, deadline: Sample.at(9), reason: .deadline, worker: Sample.a),
        JobReleased(attempt: 1, worker: Sample.a), JobSkipped(rootCause: Sample.job(1), rootClass: "auth"),
        JobRetryRequested(by: "me"), WorkerKindPaused(crashes: 20, kind: "analyse", reason: "20 crashes in 9 s"),
        QueueResumed(by: "me"), WorkerKindResumed(by: "me", kind: "analyse", note: "mended"),
        WorkerKindResumed(by: "me", kind: "analyse", note: nil),
    ]

    /// Of queues; each optional field is there and, in another sample, missing.
    static let samplesOfQueues: [any EventPayload] = [
        Sample.submitted(3, terms: QueueTerms()), Sample.submitted(3, terms: fullTerms),
        JobSkipped(rootCause: Sample.job(1), rootClass: "noFailure", isQuiet: true),
        JobCancelled(by: "me", note: "wrong data", reason: .requested), JobCancelled(by: "cairn", reason: .deadline),
        JobCrashed(attempt: 1, crashes: 1, message: "signal 9", worker: Sample.a),
        JobDeferred(attempt: 1, notBefore: Sample.at(9), reason: "full", worker: Sample.a),
        JobProgressed(attempt: 1, message: "page 1", thousandths: 10, worker: Sample.a),
        JobProgressed(attempt: 1, message: nil, thousandths: 1_000, worker: Sample.a),
        JobResultLate(attempt: 1, class: nil, result: ["n": 1], worker: Sample.a),
        JobResultLate(attempt: 1, class: "timeout", result: nil, worker: Sample.a),
        JobUnlocked(attempt: 1, by: "me", note: "gone", worker: Sample.a),
        JobUnlocked(attempt: 1, by: "me", note: nil, worker: Sample.a),
        QueueConfigured(by: "me", concurrency: 4, isDraining: true), QueueConfigured(by: "me", concurrency: nil),
        QueuePaused(by: "me", note: "no disk"), QueuePaused(by: "me", note: nil),
        QueueResumed(by: "me", note: "enough disk"),
        SubmissionAccepted(by: "me", content: Digest(of: "jobs"), jobs: 3, submitID: "nightly"),
        QueuePruned(
            by: "me", counts: QueueCounts(), jobs: [JobRange(Sample.job(1))],
            policy: PrunePolicy(
                states: [.completed], finishedBefore: Sample.at(9), keep: 3, queue: "q", kind: "k", tags: ["a": "b"])),
        QueuePruned(by: "me", counts: QueueCounts(), jobs: [], policy: PrunePolicy(states: [])),
        BlobsErased([Digest(of: "stderr")], before: Position(7), by: "me", reason: .retention),
        WorkerStarted(concurrency: 4, queues: ["gpu"], host: "node-1", process: 7),
        JobFailed(
            attempt: 1, class: "timeout", final: false, message: "slow", provider: ProviderID(wellFormed: "openai"),
            retryable: true, worker: Sample.a),
        JobRetryScheduled(
            attempt: 2,
            budget: JobRetryScheduled.Budget(provider: ProviderID(wellFormed: "openai"), wait: .seconds(6)),
            delay: .seconds(7), notBefore: Sample.at(9)),
        JobRetryRequested(by: "me", note: "the key is mended"),
        RetryBudgetSpent(
            at: Sample.at(9), calls: 12, debt: .seconds(66),
            retries: [RetryBudgetSpent.Retry(attempt: 2, job: Sample.job(1), wait: .seconds(6))], saved: 4),
        JobKeyLost(holder: Sample.job(2), key: Sample.key, reason: .taken),
        UniqueKeyTaken(
            behind: Sample.job(1), hold: .untilFinished, holder: Sample.job(2), key: "nightly", run: Sample.run,
            scope: .queue, scopeName: "gpu"),
    ]

    private static let fullTerms = QueueTerms(
        deadline: Sample.at(1_000), input: ["path": "a"], join: .anyFailed, name: "load", notBefore: Sample.at(5),
        parents: [
            ParentRange(JobID(of: Sample.run, ordinal: 0), count: 100_000, onFailure: .skip),
            ParentRange(Sample.job(1)),
        ], priority: -100, retry: RetryPolicy(attempts: 1), timeout: .seconds(60),
        unique: QueueTerms.Unique("é", scope: .kind, hold: .lasting(.hours(1)), onConflict: .keepLatest))

    /// Fields without which the rest is still an event of the type.
    private static let optional: [String: Set<String>] = [
        "job.submitted": ["terms"], "job.skipped": ["quiet"], "job.cancelled": ["note"], "job.progressed": ["message"],
        "job.unlocked": ["note"], "queue.configured": ["concurrency"], "queue.paused": ["note"],
        "uniqueKey.taken": ["behind"], "job.failed": ["provider"], "job.retryScheduled": ["budget"],
        "job.retryRequested": ["note"], "queue.resumed": ["note"], "worker.kindResumed": ["note"],
    ]

    @Test func `every event of the families has a sample here`() {
        let known =
            WorkerEvent.types + JobEvent.types + QueueEvent.types + SubmissionEvent.types + UniqueKeyEvent.types
            + RetentionEvent.types + RetryBudgetEvent.types
        let sampled = Set((Self.samples + Self.samplesOfQueues).map { type(of: $0).type.text })
        #expect(sampled.sorted() == known.map { $0.type.text }.sorted())
    }

    @Test(arguments: samplesOfQueues.indices)
    func `of a queue, it is read back too`(index: Int) throws { try check(Self.samplesOfQueues[index]) }

    @Test func `what a run has is written as version 1, as before there were queues`() {
        #expect(Self.samples.allSatisfy { $0.writtenVersion == 1 })
        for sample in Self.samplesOfQueues { #expect(sample.writtenVersion == type(of: sample).version) }
    }

    @Test func `their types begin alike, which is how others are told from them`() {
        #expect(JobEvent.types.allSatisfy { $0.type.text.hasPrefix("job.") })
    }

    @Test(arguments: samples.indices)
    func `is read back from its canonical form, and not with anything more, less or else`(index: Int) throws {
        try check(Self.samples[index])
    }

    private func check<P: EventPayload>(_ sample: P) throws {
        let bytes = sample.canonicalBytes()
        #expect(try P(canonicalBytes: bytes) == sample)
        let object = try #require(try JSONParser.parse(bytes).object)
        for key in object.keys {
            var less = object
            less[key] = nil
            let reduced = JSONValue.object(less).canonicalBytes()
            if Self.optional[P.type.text]?.contains(key) == true {
                #expect(try P(canonicalBytes: reduced) != sample)
            } else {
                #expect(throws: JSONError.self, "without \(key)") { try P(canonicalBytes: reduced) }
            }
            var other = object
            other[key] = .null
            #expect(throws: JSONError.self) { try P(canonicalBytes: JSONValue.object(other).canonicalBytes()) }
        }
        var more = object
        more["zzz"] = 1
        #expect(throws: JSONError.self) { try P(canonicalBytes: JSONValue.object(more).canonicalBytes()) }
    }

    @Test(arguments: ["", "a b", "ä", "a/b", String(repeating: "x", count: 121)])
    func `an id is 1 to 120 letters, digits and a few signs`(text: String) {
        #expect(JobID(rawValue: text) == nil)
        #expect(throws: JSONError.self) { try JobID(canonicalBytes: JSONValue.string(text).canonicalBytes()) }
    }

    @Test func `ids of the same content are equal, and of two kinds they differ`() {
        #expect(JobID(identifying: ["a", "b"]) == JobID(identifying: ["a", "b"]))
        #expect(JobID(identifying: ["a", "b"]) != JobID(identifying: ["ab"]))
        #expect(JobID(identifying: ["a"]).rawValue != RunID(identifying: ["a"]).rawValue)
    }

    @Test func `a message is cut to what an event may hold, and never empty`() {
        let failed = JobFailed(
            attempt: 1, class: "timeout", final: true, message: String(repeating: "é", count: 900), retryable: false,
            worker: Sample.a)
        #expect(failed.message.unicodeScalars.count == 500)
        #expect("".prefix(codePoints: 10) == "(no message)")
    }

    @Test func `texts of people and programs are cut to what an event may hold`() throws {
        let long = String(repeating: "é", count: 900)
        let events: [any EventPayload] = [
            JobCancelled(by: long, note: long, reason: .requested),
            JobCrashed(attempt: 1, crashes: 1, message: long, worker: Sample.a),
            JobDeferred(attempt: 1, notBefore: Sample.at(1), reason: long, worker: Sample.a),
            JobProgressed(attempt: 1, message: long, thousandths: -1, worker: Sample.a),
            JobUnlocked(attempt: 1, by: long, note: "", worker: Sample.a),
            QueueConfigured(by: long, concurrency: nil), QueuePaused(by: "", note: long),
            QueueResumed(by: long, note: long),
            JobRetryRequested(by: long, note: long), WorkerKindResumed(by: long, kind: "a", note: long),
            WorkerStarted(concurrency: 1, queues: [], host: long, process: 1),
        ]
        for event in events { try check(event) }
        #expect(JobCancelled(by: "me", note: "", reason: .requested).note == nil)
    }

    @Test(arguments: [
        #"{"by":"me","concurrency":0,"draining":false}"#, #"{"by":"","draining":false}"#,
    ])
    func `settings that no queue can have are refused`(text: String) {
        #expect(throws: JSONError.self) { try QueueConfigured(canonicalBytes: Array(text.utf8)) }
    }
}
