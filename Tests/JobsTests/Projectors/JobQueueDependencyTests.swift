import Deciders
import Determinism
import EventLog
import Testing

@testable import Jobs

@Suite struct JobQueueDependencyTests {
    private var history = JobQueueHistory()

    private func parent(_ number: Int, _ count: Int = 1, _ onFailure: ParentRange.OnFailure = .fail) -> ParentRange {
        ParentRange(JobQueueHistory.id(number), count: count, onFailure: onFailure)
    }

    /// Parents 0 and 1, and child 2.
    private mutating func family(
        _ join: QueueTerms.Join = .allSuccess, _ onFailure: ParentRange.OnFailure = .fail
    ) throws {
        try history.submit(0)
        try history.submit(1)
        try history.submit(2, QueueTerms(join: join, parents: [parent(0, 2, onFailure)]))
    }

    private func skip(_ number: Int) throws -> JobSkipped? {
        guard case .skip(let skipped, let causes) = try history.row(number)?.unsettled else { return nil }
        #expect(causes.count == 2)
        #expect(causes.first == (try history.row(number)?.position))
        return skipped
    }

    @Test mutating func `a job whose parents must all succeed waits for the last`() throws {
        try family()
        try history.complete(0)
        #expect(try history.state(2) == .waiting)
        #expect(try history.row(2)?.pending == 1)
        try history.complete(1)
        #expect(try history.state(2) == .ready)
    }

    @Test mutating func `parents that ended before the submission count at once`() throws {
        try history.submit(0)
        try history.submit(1)
        try history.complete(0)
        try history.fail(1)
        try history.submit(2, QueueTerms(parents: [parent(0)]))
        try history.submit(3, QueueTerms(parents: [parent(0, 2)]))
        try history.submit(4, QueueTerms(join: .allDone, parents: [parent(0, 2)]))
        #expect(try history.state(2) == .ready)
        #expect(try skip(3) == JobSkipped(rootCause: JobQueueHistory.id(1), rootClass: "broken"))
        #expect(try history.state(4) == .ready)
    }

    @Test mutating func `the first failure dooms, names the root cause, and passes on to grandchildren`() throws {
        try family()
        try history.submit(3, QueueTerms(parents: [parent(2)]))
        try history.fail(1, class: "timeout")
        let cause = try #require(history.last[1]?.position)
        #expect(try skip(2) == JobSkipped(rootCause: JobQueueHistory.id(1), rootClass: "timeout"))
        #expect(try history.row(2)?.dueSkip?.cause == cause)
        try history.cancel(0)
        #expect(try history.row(2)?.dueSkip?.cause == cause)
        #expect(try history.state(2) == .waiting)
        #expect(try skip(3) == nil)
        try history.skip(2)
        #expect(try history.state(2) == .skipped)
        #expect(try skip(3) == JobSkipped(rootCause: JobQueueHistory.id(1), rootClass: "timeout"))
    }

    @Test(arguments: [
        (ParentRange.OnFailure.fail, QueueState.waiting, Bool?.some(false)), (.skip, .waiting, true),
        (.continue, .ready, nil),
    ])
    mutating func `an edge says what a failure does`(
        onFailure: ParentRange.OnFailure, state: QueueState, isQuiet: Bool?
    ) throws {
        try family(.allSuccess, onFailure)
        try history.complete(0)
        try history.cancel(1)
        #expect(try history.state(2) == state)
        #expect(try skip(2)?.isQuiet == isQuiet)
    }

    @Test mutating func `a quiet skip is a success to children`() throws {
        try history.submit(0)
        try history.submit(1, QueueTerms(parents: [parent(0, 1, .skip)]))
        try history.submit(2, QueueTerms(parents: [parent(1)]))
        try history.fail(0)
        try history.skip(1)
        #expect(try history.state(1) == .skipped)
        #expect(try history.state(2) == .ready)
    }

    @Test mutating func `a job that takes any end waits for all of them`() throws {
        try family(.allDone)
        try history.fail(0)
        #expect(try history.state(2) == .waiting)
        try history.cancel(1)
        #expect(try history.state(2) == .ready)
    }

    @Test mutating func `a job for failures goes at the first, whatever the edge`() throws {
        try family(.anyFailed, .continue)
        try history.fail(1)
        #expect(try history.state(2) == .ready)
        try history.complete(0)
        #expect(try history.state(2) == .ready)
    }

    @Test mutating func `a job for failures is skipped quietly when none came, because of the last parent`() throws {
        try family(.anyFailed)
        try history.complete(1)
        #expect(try skip(2) == nil)
        try history.complete(0)
        let expected = JobSkipped(rootCause: JobQueueHistory.id(0), rootClass: "noFailure", isQuiet: true)
        #expect(try skip(2) == expected)
        #expect(try history.row(2)?.dueSkip?.cause == history.last[0]?.position)
    }

    @Test mutating func `a parent that is asked for anew is waited for again`() throws {
        try family()
        try history.complete(0)
        try history.fail(1)
        #expect(try skip(2) != nil)
        try history.retry(1)
        #expect(try skip(2) == nil)
        #expect(try history.row(2)?.pending == 1)
        #expect(try history.row(2)?.failed == 0)
        try history.complete(1)
        #expect(try history.state(2) == .ready)
    }

    @Test mutating func `when the parent that decided returns, another that failed decides`() throws {
        try history.submit(0)
        try history.submit(1)
        try history.submit(2)
        try history.submit(3, QueueTerms(parents: [parent(0), parent(1, 2, .skip)]))
        for number in [2, 0, 1] { try history.fail(number) }
        #expect(try skip(3)?.rootCause == JobQueueHistory.id(2))
        try history.retry(2)
        #expect(try skip(3)?.rootCause == JobQueueHistory.id(0))
        try history.retry(0)
        #expect(try skip(3)?.rootCause == JobQueueHistory.id(1))
        #expect(try skip(3)?.isQuiet == true)
        try history.retry(1)
        #expect(try skip(3) == nil)
        #expect(try history.row(3)?.pending == 3)
    }

    @Test mutating func `a skipped job that is asked for anew looks at its parents as they are by then`() throws {
        try family()
        try history.fail(1)
        try history.skip(2)
        try history.retry(2)
        #expect(try skip(2)?.rootCause == JobQueueHistory.id(1))
        try history.skip(2)
        try history.retry(1)
        try history.complete(0)
        try history.retry(2)
        #expect(try history.state(2) == .waiting)
        #expect(try history.row(2)?.pending == 1)
        try history.complete(1)
        #expect(try history.state(2) == .ready)
    }

    @Test mutating func `parents don't matter to a job that was begun`() throws {
        try family(.anyFailed)
        try history.fail(0)
        try history.lease(2)
        try history.retry(0)
        try history.handle(2, .release(by: Sample.a, at: Sample.at(0)))
        #expect(try history.state(2) == .ready)
    }

    @Test mutating func `lists the children of a job and the parents`() throws {
        try family()
        try history.submit(3, QueueTerms(parents: [parent(0, 1, .continue), parent(2)]))
        let tables = history.tables
        #expect(try tables.children(of: JobQueueHistory.id(0)).map(\.child) == [2, 3].map(JobQueueHistory.id))
        #expect(try tables.children(of: JobQueueHistory.id(0)).map(\.onFailure) == [.fail, .continue])
        #expect(try tables.parents(of: JobQueueHistory.id(3)) == [parent(0, 1, .continue), parent(2)])
        #expect(try history.row(0)?.children == 2)
        #expect(try history.row(3)?.parents == 2)
    }

    @Test mutating func `a fan of hundreds of parents opens with the last, and one of as many children at once`()
        throws
    {
        let count = 300
        for number in 0..<count { try history.submit(number) }
        try history.submit(count, QueueTerms(parents: [parent(0, count)]))
        for number in 0..<count - 1 { try history.complete(number) }
        #expect(try history.row(count)?.pending == 1)
        try history.complete(count - 1)
        #expect(try history.state(count) == .ready)
        for number in 1...count { try history.submit(count + number, QueueTerms(parents: [parent(count)])) }
        #expect(try history.tables.counts().waiting == count)
        try history.fail(count)
        #expect(try history.tables.unsettled(limit: .max).count == count)
    }
}
