import Determinism
import Testing

@testable import EventLog

@Suite struct ApplyTests {
    private static let stream = "job-1"

    private static func proposal(_ expected: ExpectedRevision, _ numbers: Range<Int> = 0..<2) throws -> Proposal {
        try Proposal(Sample.commit(stream, expected, numbers))
    }

    private static func outcome(
        of proposal: Proposal, size: UInt64 = 10, last: UInt64?, recorded: RecordedPlace? = nil
    ) -> Apply.Outcome {
        Apply.apply(proposal, size: size, last: last.map { Revision($0) }) { _ in recorded }
    }

    @Test(
        arguments: [
            (ExpectedRevision.noStream, nil, UInt64(0)), (.any, nil, 0), (.any, 4, 5), (.exact(Revision(4)), 4, 5),
        ] as [(ExpectedRevision, UInt64?, UInt64)])
    func `a commit that meets its expectation goes to the end`(
        _ expected: ExpectedRevision, _ last: UInt64?, _ revision: UInt64
    ) throws {
        let outcome = Self.outcome(of: try Self.proposal(expected), last: last)
        #expect(outcome == .accepted(first: Position(10), revision: Revision(revision)))
    }

    @Test(
        arguments: [
            (ExpectedRevision.noStream, UInt64(0)), (.exact(Revision(4)), nil), (.exact(Revision(4)), 3),
            (.exact(Revision(4)), 5),
        ] as [(ExpectedRevision, UInt64?)])
    func `a commit that does not is refused with the actual revision`(
        _ expected: ExpectedRevision, _ last: UInt64?
    ) throws {
        let other = RecordedPlace(
            commitID: CommitID(high: 1, low: 2), indexInCommit: 0, commitCount: 2, position: Position(3))
        let outcome = Self.outcome(of: try Self.proposal(expected), last: last, recorded: other)
        #expect(outcome == .refused(actual: last.map { Revision($0) }))
    }

    @Test func `a revision that no stream reaches is refused`() {
        let error = #expect(throws: LogError.self) { try Self.proposal(.exact(Revision(.max))) }
        #expect(error?.code == .invalid)
    }

    @Test func `the same commit at its place has been recorded already`() throws {
        let proposal = try Self.proposal(.exact(Revision(4)))
        let place = RecordedPlace(commitID: proposal.id, indexInCommit: 0, commitCount: 2, position: Position(7))
        let appended = Appended(first: Position(7), count: 2, lastRevision: Revision(6), commitID: proposal.id)
        #expect(Self.outcome(of: proposal, last: 9, recorded: place) == .alreadyRecorded(appended))
    }

    @Test func `the id names stream, expectation and events, and nothing else`() throws {
        let id = try Self.proposal(.noStream).id
        #expect(try Self.proposal(.noStream).id == id)
        #expect(try Self.proposal(.any).id != id)
        #expect(try Self.proposal(.exact(.first)).id != id)
        #expect(try Self.proposal(.noStream, 0..<3).id != id)
        #expect(try Self.proposal(.noStream, 1..<3).id != id)
        #expect(try Proposal(Sample.commit("job-2", .noStream, 0..<2)).id != id)
        #expect(try Proposal(Sample.commit("job-1", .noStream, 0..<2, blobs: [Blob([1])])).id == id)
    }

    @Test func `a commit for any revision gets its revisions when it is placed`() throws {
        let placed = try Self.proposal(.any).records(placedAt: Revision(5))
        let record = Array(placed.bytes[placed.range(1)])
        #expect(try Event(position: .first, record: record).revision == Revision(6))
        let fixed = try Self.proposal(.exact(Revision(4)))
        #expect(fixed.records(placedAt: Revision(5)) == fixed.records)
    }
}
