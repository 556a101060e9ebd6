import EventLog

/// Appends the workload in its commits, with up to so many of them under way.
///
/// With one under way nothing overlaps; with two the next commit is encoded and hashed while this one is written.
enum AppendCase {
    static func run(_ arguments: inout Arguments) async throws {
        let path = arguments.word()
        let log = try LMDBLog.open(at: arguments.word())
        let underWay = arguments.number()
        let commits = try Workload.commits(from: path)
        let events = commits.reduce(0) { $0 + $1.events.count }
        let start = Moment.now
        try await append(commits, to: log, underWay: underWay)
        report(Cost(since: start, events: events))
        if underWay == 1 { try Workload.compare(log, with: path) }
        guard try log.head().size == UInt64(events) else { throw BenchError("not all events are in the log") }
        log.close()
    }

    private static func append(_ commits: [Commit], to log: LMDBLog, underWay: Int) async throws {
        if underWay == 1 {
            for commit in commits { _ = try await log.append(commit) }
            return
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, commit) in commits.enumerated() {
                if number >= underWay { try await group.next() }
                group.addTask { _ = try await log.append(commit) }
            }
            try await group.waitForAll()
        }
    }
}
