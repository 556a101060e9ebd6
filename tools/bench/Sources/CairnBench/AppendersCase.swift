import EventLog

/// Tasks that append single typed events, each to a stream of its own, and wait for each to be on disk.
enum AppendersCase {
    static func run(_ arguments: inout Arguments) async throws {
        let log = try LMDBLog.open(at: arguments.word())
        let tasks = arguments.number()
        let events = arguments.number()
        let start = Moment.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask { try await append(events / tasks, to: log, as: task) }
            }
            try await group.waitForAll()
        }
        report(Cost(since: start, events: events / tasks * tasks))
        log.close()
    }

    private static func append(_ count: Int, to log: LMDBLog, as task: Int) async throws {
        let stream = try StreamName(category: "call", id: "appender\(task)")
        var numbers = Numbers(seed: UInt64(task))
        var expected = ExpectedRevision.noStream
        for number in 0..<count {
            let metadata = EventMetadata(run: "0bench", worker: "0worker").canonicalBytes()
            let event = CallStarted(&numbers).event(at: beginning + Int64(number), metadata: metadata)
            let place = try await log.append(Commit(stream: stream, expected: expected, events: [event]))
            expected = .exact(place.lastRevision)
        }
    }
}
