import Determinism
import EventLog

/// Writes to a store what a newer program might: used by `tools/make_fixture` to record `newer-event`.
///
/// `FixtureTool STORE before|after`: before a run, in a new store, or after it.
@main
struct FixtureTool {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, ["before", "after"].contains(arguments[2]) else {
            print("usage: FixtureTool STORE before|after")
            return
        }
        let log = try LMDBLog.open(at: arguments[1])
        defer { log.close() }
        if arguments[2] == "before" {
            try await appendBefore(log)
        } else {
            try await appendAfter(log)
        }
    }

    /// An unknown type in a stream of a category that isn't known either.
    private static func appendBefore(_ log: LMDBLog) async throws {
        let stream = try StreamName(category: "workflow", id: "future.1")
        let opened = event(EventType("workflow.opened"), 1, #"{"steps":["ask","wait for a human","ask again"]}"#)
        _ = try await log.append(Commit(stream: stream, expected: .noStream, events: [opened]))
    }

    /// More of it in a commit that was proposed for any revision, and newer versions of known types.
    ///
    /// No read model takes the events of workers: one that takes a type stops at a version that is newer.
    private static func appendAfter(_ log: LMDBLog) async throws {
        let workflow = try StreamName(category: "workflow", id: "future.1")
        let waited = event(
            EventType("workflow.waited"), 3, #"{"answer":"naïve \"ok\"","seconds":1.5}"#,
            metadata: #"{"cause":{"positions":[0]},"run":"future"}"#)
        let closed = event(EventType("workflow.closed"), 1, "{}")
        _ = try await log.append(Commit(stream: workflow, expected: .any, events: [waited, closed]))
        let worker = try StreamName(category: "worker", id: "future.2")
        let started = event(EventType("worker.started"), 9, #"{"host":{"cores":2.5},"runs":["a","b"]}"#)
        let stopped = event(EventType("worker.stopped"), 9, #"{"outcome":"handedOver"}"#)
        _ = try await log.append(Commit(stream: worker, expected: .noStream, events: [started]))
        _ = try await log.append(Commit(stream: worker, expected: .exact(.first), events: [stopped]))
    }

    private static func event(
        _ type: EventType, _ version: Int, _ data: String, metadata: String = "{}"
    ) -> NewEvent {
        NewEvent(
            type: type, version: version, time: Timestamp(microseconds: 1_767_225_600_000_000),
            data: Array(data.utf8), metadata: Array(metadata.utf8))
    }
}
