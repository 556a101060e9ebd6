import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Testing

@testable import Jobs

/// Events of queues derived again from what they cite, and refused where they cite something else.
@Suite struct JobDerivationTests {
    private static let child = Sample.job(5)
    private static let parent = Sample.job(1)

    private let log = MemoryLog()

    private func record(_ event: JobEvent, of job: JobID, at seconds: Int64 = 0) throws -> Event {
        try #require(try log.record([event.payload], in: Sample.stream(job), at: Sample.at(seconds)).last)
    }

    private func derive(_ function: FunctionReference, _ recorded: Event, from causes: [Event]) throws -> [UInt8] {
        let derivation = try #require(JobDerivations.catalogue[function])
        return try derivation.derive(
            DerivationInput(recorded: recorded, causes: causes) { digest throws(DerivationError) in
                throw .missingBlob(digest)
            })
    }

    // MARK: - Skips

    private func submit(_ join: QueueTerms.Join, _ onFailure: ParentRange.OnFailure = .fail) throws -> Event {
        let terms = QueueTerms(join: join, parents: [ParentRange(Self.parent, onFailure: onFailure)])
        return try record(.submitted(Sample.submitted(terms: terms)), of: Self.child)
    }

    private func deriveSkip(_ skipped: JobSkipped, _ submission: Event, _ end: JobEvent) throws -> [UInt8] {
        let end = try record(end, of: Self.parent)
        let recorded = try record(.skipped(skipped), of: Self.child)
        return try derive(JobDerivations.skipByTerms, recorded, from: [submission, end])
    }

    @Test func `a skip follows from the terms and the end of a parent`() throws {
        let loud = JobSkipped(rootCause: Self.parent, rootClass: "serverError")
        let failed = Sample.failed(final: true)
        #expect(try deriveSkip(loud, try submit(.allSuccess), failed) == loud.canonicalBytes())
        let quiet = JobSkipped(rootCause: Self.parent, rootClass: "serverError", isQuiet: true)
        #expect(try deriveSkip(quiet, try submit(.allSuccess, .skip), failed) == quiet.canonicalBytes())
        let overdue = JobSkipped(rootCause: Self.parent, rootClass: "deadline")
        let cancelled = JobEvent.cancelled(JobCancelled(by: "cairn", reason: .deadline))
        #expect(try deriveSkip(overdue, try submit(.allSuccess), cancelled) == overdue.canonicalBytes())
        let completed = JobEvent.completed(JobCompleted(attempt: 1, result: [:], worker: Sample.a))
        let needless = JobSkipped(rootCause: Self.parent, rootClass: "noFailure", isQuiet: true)
        #expect(try deriveSkip(needless, try submit(.anyFailed), completed) == needless.canonicalBytes())
    }

    @Test func `a skip names the root, not the parent that was skipped itself`() throws {
        let skipped = JobSkipped(rootCause: Sample.job(0), rootClass: "auth")
        #expect(try deriveSkip(skipped, try submit(.allSuccess), .skipped(skipped)) == skipped.canonicalBytes())
    }

    @Test func `what is recorded otherwise shows`() throws {
        let wrong = JobSkipped(rootCause: Self.parent, rootClass: "auth")
        #expect(try deriveSkip(wrong, try submit(.allSuccess), Sample.failed(final: true)) != wrong.canonicalBytes())
    }

    @Test(arguments: [
        (QueueTerms.Join.allSuccess, ParentRange.OnFailure.continue), (.allDone, .fail), (.anyFailed, .fail),
    ])
    func `a failure that lets the job run is no reason for a skip`(
        join: QueueTerms.Join, onFailure: ParentRange.OnFailure
    ) throws {
        let skipped = JobSkipped(rootCause: Self.parent, rootClass: "serverError")
        #expect(throws: DerivationError.self) {
            try deriveSkip(skipped, try submit(join, onFailure), Sample.failed(final: true))
        }
    }

    @Test func `a skip from anything but its submission and the end of a parent is refused`() throws {
        let submission = try submit(.allSuccess)
        let failed = try record(Sample.failed(final: true), of: Self.parent)
        let passing = try record(Sample.failed(), of: Self.parent)
        let stranger = try record(Sample.failed(final: true), of: Sample.job(2))
        let terms = QueueTerms(parents: [ParentRange(Self.parent)])
        let sibling = try record(.submitted(Sample.submitted(terms: terms)), of: Sample.job(6))
        let ofRun = try record(.submitted(Sample.submitted()), of: Sample.job(7))
        let skipped = JobSkipped(rootCause: Self.parent, rootClass: "serverError")
        let recorded = try record(.skipped(skipped), of: Self.child)
        let wrong: [[Event]] = [
            [], [submission], [failed], [failed, submission], [submission, submission], [submission, passing],
            [submission, stranger], [sibling, failed], [submission, failed, failed],
        ]
        for causes in wrong {
            #expect(throws: DerivationError.self, "\(causes.map(\.type))") {
                try derive(JobDerivations.skipByTerms, recorded, from: causes)
            }
        }
        let ofRunSkipped = try record(.skipped(skipped), of: Sample.job(7))
        #expect(throws: DerivationError.self) {
            try derive(JobDerivations.skipByTerms, ofRunSkipped, from: [ofRun, failed])
        }
        #expect(
            try derive(JobDerivations.skipByTerms, recorded, from: [submission, failed]) == skipped.canonicalBytes())
    }

    // MARK: - Deadlines

    private func submit(_ job: JobID, until seconds: Int64?) throws -> Event {
        let terms = QueueTerms(deadline: seconds.map { Sample.at($0) })
        return try record(.submitted(Sample.submitted(terms: terms)), of: job)
    }

    private func overdue(at seconds: Int64) throws -> Event {
        try record(.cancelled(JobCancelled(by: "cairn", reason: .deadline)), of: Self.child, at: seconds)
    }

    @Test func `a deadline cancels from its moment on`() throws {
        let submission = try submit(Self.child, until: 10)
        for seconds in [10, 99] as [Int64] {
            let recorded = try overdue(at: seconds)
            #expect(try derive(JobDerivations.deadline, recorded, from: [submission]) == recorded.dataBytes)
        }
        let early = try overdue(at: 9)
        #expect(throws: DerivationError.self) { try derive(JobDerivations.deadline, early, from: [submission]) }
    }

    @Test func `a cancellation that cites no deadline, or another job's, is refused`() throws {
        let submission = try submit(Self.child, until: 10)
        let endless = try submit(Self.child, until: nil)
        let other = try submit(Sample.job(6), until: 10)
        let ofRun = try record(.submitted(Sample.submitted()), of: Self.child)
        let leased = try record(Sample.leased(), of: Self.child)
        let recorded = try overdue(at: 20)
        for causes in [[], [endless], [other], [ofRun], [leased], [submission, submission]] {
            #expect(throws: DerivationError.self, "\(causes.map(\.type))") {
                try derive(JobDerivations.deadline, recorded, from: causes)
            }
        }
    }

    @Test func `the event that the decider gives is the one that is derived`() throws {
        let submission = try submit(Self.child, until: 10)
        let recorded = try overdue(at: 20)
        let given = JobEvent.submitted(Sample.submitted(terms: QueueTerms(deadline: Sample.at(10))))
        let decided = try decision(Job.self, given: [given], when: .cancelPastDeadline(at: Sample.at(20))).get()
        #expect(
            decided.map { $0.payload.canonicalBytes() }
                == [try derive(JobDerivations.deadline, recorded, from: [submission])])
    }
}
