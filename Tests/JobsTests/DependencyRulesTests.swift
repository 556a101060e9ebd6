import CanonicalJSON
import Determinism
import Testing

@testable import Jobs

@Suite struct DependencyRulesTests {
    private static let parent = Sample.job(1)
    private static let failed = ParentEnd.failed(rootCause: Sample.job(0), rootClass: "auth")
    private static let loud = JobSkipped(rootCause: Sample.job(0), rootClass: "auth")
    private static let quiet = JobSkipped(rootCause: Sample.job(0), rootClass: "auth", isQuiet: true)
    private static let noFailure = JobSkipped(rootCause: parent, rootClass: "noFailure", isQuiet: true)

    /// What each end of a parent does by itself, by join and edge; nil where it lets the job run or wait on.
    private static let table:
        [(join: QueueTerms.Join, edge: ParentRange.OnFailure, success: JobSkipped?, failure: JobSkipped?)] = [
            (.allSuccess, .fail, nil, loud), (.allSuccess, .continue, nil, nil), (.allSuccess, .skip, nil, quiet),
            (.allDone, .fail, nil, nil), (.allDone, .continue, nil, nil), (.allDone, .skip, nil, nil),
            (.anyFailed, .fail, noFailure, nil), (.anyFailed, .continue, noFailure, nil),
            (.anyFailed, .skip, noFailure, nil),
        ]

    @Test(arguments: table.indices)
    func `a parent's end skips its child, or doesn't, by join and edge`(index: Int) {
        let row = Self.table[index]
        let terms = QueueTerms(join: row.join, parents: [ParentRange(Self.parent, onFailure: row.edge)])
        #expect(terms.skip(after: .succeeded, of: Self.parent) == row.success)
        #expect(terms.skip(after: Self.failed, of: Self.parent) == row.failure)
        #expect(terms.skip(after: Self.failed, of: Sample.job(7)) == nil, "of no parent")
    }

    @Test func `the table has every join with every edge`() {
        let joins = QueueTerms.Join.allCases.count * ParentRange.OnFailure.allCases.count
        #expect(Set(Self.table.map { "\($0.join) \($0.edge)" }).count == joins)
    }

    @Test func `success, failure and the fault of another are ends, all else is none`() {
        let job = Sample.job(3)
        let ends: [(JobEvent, ParentEnd?)] = [
            (.completed(JobCompleted(attempt: 1, result: [:], worker: Sample.a)), .succeeded),
            (Sample.failed(final: true), .failed(rootCause: job, rootClass: "serverError")), (Sample.failed(), nil),
            (
                .cancelled(JobCancelled(by: "me", reason: .requested)),
                .failed(rootCause: job, rootClass: "cancelled")
            ),
            (.cancelled(JobCancelled(by: "me", reason: .replaced)), .failed(rootCause: job, rootClass: "cancelled")),
            (.cancelled(JobCancelled(by: "cairn", reason: .deadline)), .failed(rootCause: job, rootClass: "deadline")),
            (.skipped(Self.loud), Self.failed), (.skipped(Self.quiet), .succeeded),
            (.retryRequested(JobRetryRequested(by: "me")), nil), (JobGrid.crash, nil), (JobGrid.hang, nil),
            (Sample.leased(), nil), (.submitted(Sample.submitted()), nil),
            (.resultLate(JobResultLate(attempt: 1, class: nil, result: [:], worker: Sample.a)), nil),
        ]
        for (event, end) in ends { #expect(ParentEnd(event, of: job) == end, "\(event)") }
    }
}

@Suite struct ParentRangeTests {
    private let first = JobID(of: Sample.run, ordinal: 0)

    @Test func `jobs of a submission follow each other, and no others do`() throws {
        #expect(first.following(0) == first)
        #expect(first.following(1) == JobID(of: Sample.run, ordinal: 1))
        #expect(JobID(of: Sample.run, ordinal: 255).following(1) == JobID(of: Sample.run, ordinal: 256))
        #expect(JobID(of: Sample.run, ordinal: 7) > JobID(of: Sample.run, ordinal: 6))
        #expect(JobID(of: RunID(wellFormed: "other"), ordinal: 1) != JobID(of: Sample.run, ordinal: 1))
        #expect(Sample.job(1).following(0) == Sample.job(1))
        #expect(Sample.job(1).following(1) == nil)
        let last = try #require(JobID(rawValue: "00000000000003zzzzzzzzzzzz"))
        let next = try #require(JobID(rawValue: "0000000000000fzzzzzzzzzzzz"))
        #expect(last.following(1)?.rawValue == "00000000000004000000000000")
        #expect(next.following(1) == nil, "the second half is used up")
    }

    @Test func `a range has its jobs, and knows them`() {
        let range = ParentRange(JobID(of: Sample.run, ordinal: 3), count: 4, onFailure: .skip)
        #expect(Array(range.jobs) == (3...6).map { JobID(of: Sample.run, ordinal: $0) })
        for ordinal in 0...9 {
            #expect(range.contains(JobID(of: Sample.run, ordinal: ordinal)) == (3...6).contains(ordinal))
        }
        #expect(!range.contains(JobID(of: RunID(wellFormed: "other"), ordinal: 4)))
        #expect(!range.contains(Sample.job(4)))
        let terms = QueueTerms(parents: [range, ParentRange(Sample.job(1), onFailure: .continue)])
        #expect(terms.parentCount == 5)
        #expect(terms.onFailure(of: Sample.job(1)) == .continue)
        #expect(terms.onFailure(of: JobID(of: Sample.run, ordinal: 6)) == .skip)
        #expect(terms.onFailure(of: JobID(of: Sample.run, ordinal: 7)) == nil)
    }

    @Test(arguments: [
        #"{"count":2,"first":"job-1","onFailure":"fail"}"#, #"{"count":0,"first":"job-1","onFailure":"fail"}"#,
        #"{"count":2,"first":"0000000000000fzzzzzzzzzzzz","onFailure":"fail"}"#,
    ])
    func `a range that can't be counted out isn't read`(text: String) {
        #expect(throws: JSONError.self) { try ParentRange(canonicalBytes: Array(text.utf8)) }
    }

    @Test(arguments: [-101, 101])
    func `a priority beyond the highest and lowest isn't read`(priority: Int) throws {
        let bytes = QueueTerms(priority: priority).canonicalBytes()
        #expect(throws: JSONError.self) { try QueueTerms(canonicalBytes: bytes) }
        #expect(throws: Never.self) { try QueueTerms(canonicalBytes: QueueTerms(priority: 100).canonicalBytes()) }
    }
}
