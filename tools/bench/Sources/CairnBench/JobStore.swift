import CanonicalJSON
import EventLog

/// Makes a store in which many jobs were submitted, leased and completed: what `cairn query job` is asked about.
///
/// The three events of a job are one commit here, and the store isn't synced, since only reading it is measured.
enum JobStore {
    /// Appends under way at a time.
    private static let underWay = 256
    private static let run = "0benchrun"
    private static let worker = "0worker"

    static func run(_ arguments: inout Arguments) async throws {
        let log = try LMDBLog.open(at: arguments.word(), .init(durability: .noSync))
        let jobs = arguments.number()
        let start = Moment.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<underWay {
                group.addTask {
                    for job in stride(from: task, to: jobs, by: underWay) { try await append(job, to: log) }
                }
            }
            try await group.waitForAll()
        }
        log.close()
        report(Made(cost: Cost(since: start, events: jobs * 3), job: id(of: jobs / 2)))
    }

    private static func append(_ job: Int, to log: LMDBLog) async throws {
        let id = id(of: job)
        let events = history(of: job, id: id, at: beginning + Int64(job) * 50)
        let stream = try StreamName(category: "job", id: id)
        _ = try await log.append(Commit(stream: stream, expected: .noStream, events: events))
    }

    private static func id(of job: Int) -> String {
        var numbers = Numbers(seed: UInt64(job) &* 0x2545_F491_4F6C_DD1D)
        return numbers.id()
    }

    private static func history(of job: Int, id: String, at time: Int64) -> [NewEvent] {
        let metadata = EventMetadata(job: id, run: run, worker: worker).canonicalBytes()
        func event(_ type: EventType, after microseconds: Int64, _ body: (inout CanonicalWriter) -> Void) -> NewEvent {
            var writer = CanonicalWriter()
            writer.beginObject()
            body(&writer)
            writer.endObject()
            return NewEvent(
                type: type, version: 1, time: .init(microseconds: time + microseconds), data: writer.bytes,
                metadata: metadata)
        }
        let submitted = event(EventType("job.submitted"), after: 0) { writer in
            writer.field("after", [String]())
            writer.field("kind", "probe")
            writer.field("labels", labels(of: job))
            writer.field("lane", "simulated")
            writer.field("maxAttempts", 3)
            writer.field("ordinal", job)
            writer.field("run", run)
        }
        let leased = event(EventType("job.leased"), after: 1_000) { writer in
            writer.field("attempt", 1)
            writer.field("deadline", time + 301_000_000)
            writer.field("worker", worker)
        }
        let completed = event(EventType("job.completed"), after: 900_000) { writer in
            writer.field("attempt", 1)
            writer.field("result") { writer in
                writer.beginObject()
                writer.field("turns", 1)
                writer.endObject()
            }
            writer.field("worker", worker)
        }
        return [submitted, leased, completed]
    }

    private static func labels(of job: Int) -> [String: String] {
        [
            "model": "small-model-\(job % 10)", "provider": "simulated", "sample": String(job % 7),
            "scenario": "scenario-\(job / 70)",
        ]
    }

    private struct Made: CanonicalEncodable {
        let cost: Cost
        let job: String

        func encode(to writer: inout CanonicalWriter) {
            writer.beginObject()
            writer.field("cost", cost)
            writer.field("job", job)
            writer.endObject()
        }
    }
}
