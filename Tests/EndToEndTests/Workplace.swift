import CanonicalJSON
import EventLog
import Foundation
import TestSupport
import Testing

/// A directory with an experiment and a store, in which the program is run.
final class Workplace: Sendable {
    let directory: TemporaryDirectory
    let program: String
    /// Variables that every program here is started with; nil removes one.
    let environment: [String: String?]

    init(_ experiment: Experiment? = nil, environment: [String: String?] = [:]) throws {
        directory = try TemporaryDirectory("end-to-end")
        program = try #require(EndToEndTests.program, "the program isn't beside the tests: build it with them")
        self.environment = environment.merging(["CAIRN_STORE": directory.path("store"), "CAIRN_LOG": nil]) { own, _ in
            own
        }
        if let experiment { try write(experiment.text, "experiment.yaml") }
    }

    var store: String { directory.path("store") }
    var experiment: String { directory.path("experiment.yaml") }

    func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: directory.path(name)))
    }

    /// Starts the program.
    func start(_ arguments: [String], environment changes: [String: String?] = [:]) throws -> RunningProgram {
        try start(program, arguments, environment: changes)
    }

    /// Starts another program in this directory and environment.
    func start(
        _ path: String, _ arguments: [String], environment changes: [String: String?] = [:]
    ) throws -> RunningProgram {
        RunningProgram(
            try ChildProcess(
                path, arguments, environment: environment.merging(changes) { $1 }, directory: directory.path))
    }

    /// Runs the program to its end.
    func cairn(_ arguments: String..., environment changes: [String: String?] = [:]) async throws
        -> ChildProcess.Result
    {
        try await start(arguments, environment: changes).result
    }

    /// Runs a command that must succeed, and reads its answer.
    func json(
        _ arguments: String..., environment changes: [String: String?] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> JSONValue {
        let result = try await start(arguments + ["--json"], environment: changes).result
        try #require(
            result.status == 0,
            "\(arguments) ended with \(result.status): \(result.errorText.suffix(2_000)) \(result.text.suffix(2_000))",
            sourceLocation: sourceLocation)
        return try JSONParser.parse(result.output)
    }

    /// The events of one type, as the export tells them.
    func events(_ type: String) async throws -> [JSONValue] {
        let result = try await cairn("audit", "export", "--type", type)
        try #require(result.status == 0, "\(result.errorText)")
        return try result.output.split(separator: UInt8(ascii: "\n")).map { try JSONParser.parse(Array($0)) }
    }
}

extension ChildProcess.Result {
    /// The object that `--json` leaves on standard error behind the log lines; nil if there is none.
    func problem() throws -> JSONValue? {
        guard let line = errors.split(separator: UInt8(ascii: "\n")).last else { return nil }
        return try JSONParser.parse(Array(line))["error"]
    }
}

/// A program under way.
struct RunningProgram: Sendable {
    let child: ChildProcess
    private let ending: Task<ChildProcess.Result, Never>

    /// Waits for the end on a thread of its own: those that answer the program's requests mustn't be held up.
    init(_ child: ChildProcess) {
        self.child = child
        ending = Task {
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    continuation.resume(returning: child.result(within: EndToEndTests.mostSeconds))
                }
            }
        }
    }

    /// What it left when it had ended; when its time is up it is killed.
    var result: ChildProcess.Result {
        get async { await ending.value }
    }

    /// Waits until a log has so many events that match; false when the program ends before.
    func runs(
        until log: LMDBLog, has count: Int, matching filter: EventFilter = .all
    ) async throws -> Bool {
        let counting = Task {
            var seen = 0
            for try await batch in log.subscribe(matching: filter) where seen < count {
                seen += batch.count
                if seen >= count { break }
            }
            return seen >= count
        }
        let watching = Task {
            _ = await ending.value
            counting.cancel()
        }
        defer { watching.cancel() }
        do {
            return try await counting.value
        } catch is CancellationError {
            return false
        }
    }
}
