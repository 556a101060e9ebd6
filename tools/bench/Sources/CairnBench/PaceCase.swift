import CanonicalJSON
import EventLog

/// Submits jobs that do nothing at a steady rate, a commit each, as `cairn submit` records them.
///
/// A tick a millisecond; what is late is submitted at the next, and nobody waits for the disk.
enum PaceCase {
    static func run(_ arguments: inout Arguments) async throws {
        let log = try LMDBLog.open(at: arguments.word())
        let jobs = arguments.number()
        let perSecond = arguments.number()
        var numbers = Numbers(seed: 7)
        let run = numbers.id()
        let start = Moment.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            var next = 0
            while next < jobs {
                let due = min(jobs, 1 + Int((Moment.clock() - start.wall) * Double(perSecond)))
                if next < due {
                    let commits = try (next..<due).map { try commit(job: $0, of: run) }
                    group.addTask { for result in await log.append(commits) { _ = try result.get() } }
                    next = due
                }
                try await Task.sleep(for: .milliseconds(1))
            }
            try await group.waitForAll()
        }
        report(Cost(since: start, events: jobs))
        log.close()
    }

    /// A submission as the job queue writes it, without one to accept it: 26 letters and digits are an id.
    private static func commit(job: Int, of run: String) throws -> Commit {
        let id = run.prefix(14) + String(1_000_000_000_000 + job).dropFirst()
        let data = #"""
            {"after":[],"kind":"noop","labels":{},"lane":"default","maxAttempts":5,"ordinal":\#(job),"run":"\#(run)",\#
            "terms":{"input":{},"join":"allSuccess","parents":[],"priority":0,\#
            "retry":{"attempts":5,"base":1000000,"cap":600000000}}}
            """#
        let event = NewEvent(
            type: EventType("job.submitted"), version: 2, time: .init(microseconds: Moment.time()),
            data: Array(data.utf8), metadata: EventMetadata(job: String(id), run: run).canonicalBytes())
        return Commit(stream: try StreamName(category: "job", id: String(id)), expected: .noStream, events: [event])
    }
}
