import EventLog

/// Appends what a job queue does: three commits of one event for each job, many jobs at a time.
///
/// Jobs are submitted, leased and completed in batches; a batch of one is in the log between those of the two others.
/// `together` appends a batch in one call, `apart` with a task for each commit.
enum BatchCase {
    private static let types = [
        EventType("job.submitted"), EventType("job.leased"), EventType("job.completed"),
    ]

    static func run(_ arguments: inout Arguments) async throws {
        let log = try LMDBLog.open(at: arguments.word())
        let jobs = arguments.number()
        let size = arguments.number()
        let underWay = arguments.number()
        let isTogether = arguments.word() == "together"
        let batches = try batches(jobs: jobs, of: size)
        let start = Moment.now
        // A job's commits are `underWay` or more batches apart, so they are never under way at once.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, batch) in batches.enumerated() {
                if number >= underWay { try await group.next() }
                group.addTask { try await isTogether ? appendTogether(batch, to: log) : appendApart(batch, to: log) }
            }
            try await group.waitForAll()
        }
        report(Cost(since: start, events: 3 * jobs))
        guard try log.head().size == UInt64(3 * jobs) else { throw BenchError("not all events are in the log") }
        log.close()
    }

    private static func appendTogether(_ batch: [Commit], to log: LMDBLog) async throws {
        for result in await log.append(batch) { _ = try result.get() }
    }

    private static func appendApart(_ batch: [Commit], to log: LMDBLog) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for commit in batch { group.addTask { _ = try await log.append(commit) } }
            try await group.waitForAll()
        }
    }

    /// Submissions, leases and completions by turns, each step eight batches behind the one before it.
    private static func batches(jobs: Int, of size: Int) throws -> [[Commit]] {
        let starts = Array(stride(from: 0, to: jobs, by: size))
        var batches: [[Commit]] = []
        for turn in 0..<starts.count + 16 {
            for step in 0..<3 where starts.indices.contains(turn - 8 * step) {
                let start = starts[turn - 8 * step]
                batches.append(try (start..<min(start + size, jobs)).map { try commit(job: $0, step: step) })
            }
        }
        return batches
    }

    private static func commit(job: Int, step: Int) throws -> Commit {
        let (submission, ordinal) = (job / 100_000, job % 100_000)
        let id = "3f2a9c01d4e5b6a\(submission % 10).\(String(1_000_000 + ordinal).dropFirst())"
        var numbers = Numbers(seed: UInt64(job * 3 + step))
        let metadata = EventMetadata(job: id, run: "0bench", worker: "0worker").canonicalBytes()
        let data = #"{"attempt":1,"key":"\#(numbers.id())","kind":"probe","ordinal":\#(ordinal)}"#
        let event = NewEvent(
            type: types[step], version: 1, time: .init(microseconds: beginning + Int64(job)), data: Array(data.utf8),
            metadata: metadata)
        let expected = step == 0 ? ExpectedRevision.noStream : .exact(Revision(UInt64(step) - 1))
        return Commit(stream: try StreamName(category: "job", id: id), expected: expected, events: [event])
    }
}
