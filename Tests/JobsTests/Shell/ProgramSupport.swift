import CanonicalJSON
import Determinism
import Foundation
import TestSupport

@testable import Jobs

/// A program for a test, in a directory of its own.
struct Program {
    let directory: TemporaryDirectory
    let kind: ProgramKind
    private let variables: [String: String]

    init(
        _ command: [String], check: [String]? = nil, environment: [String] = [], variables: [String: String]? = nil,
        timeout: Microseconds? = nil, memory: Int? = nil, result: Int = ProgramKind.standardResult
    ) throws {
        directory = try TemporaryDirectory("program")
        kind = ProgramKind(
            "test", command: command, directory: directory.path, check: check, environment: environment,
            timeout: timeout, memory: memory, largestResult: result)
        let path = ["PATH": ProgramEnvironment.ofThisProcess()["PATH"] ?? "/usr/bin:/bin"]
        self.variables = (variables ?? [:]).merging(path) { given, _ in given }
    }

    static func shell(
        _ script: String, check: [String]? = nil, environment: [String] = [], variables: [String: String]? = nil,
        timeout: Microseconds? = nil, result: Int = ProgramKind.standardResult
    ) throws -> Program {
        try Program(
            ["sh", "-c", script], check: check, environment: environment, variables: variables, timeout: timeout,
            result: result)
    }

    static func python(
        _ script: String, environment: [String] = [], variables: [String: String]? = nil, memory: Int? = nil
    ) throws -> Program {
        try Program(["python3", "-c", script], environment: environment, variables: variables, memory: memory)
    }

    func handler() -> ProgramHandler {
        ProgramHandler(kind, variables: variables, grace: .milliseconds(100))
    }

    func run(_ task: QueueTask = task()) async throws -> QueueResult { try await handler().run(task) }

    static func task(
        input: JSONValue = [:], timeout: Microseconds? = nil,
        report: @escaping @Sendable (Int, String?) -> Void = { _, _ in }
    ) -> QueueTask {
        QueueTask(
            id: JobID(wellFormed: "job"), attempt: 1, kind: "test", input: input, run: RunID(wellFormed: "run"),
            timeout: timeout, report: report)
    }
}

/// Sees when the last process has ended that opened the file `witness` for writing.
final class Witness: Sendable {
    private let path: String
    private let file: Int32

    init(_ directory: TemporaryDirectory) throws {
        path = directory.path("witness")
        guard mkfifo(path, 0o600) == 0 else { throw POSIXError(.EIO) }
        file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw POSIXError(.EIO) }
    }

    deinit { close(file) }

    /// Whether somebody wrote to it and nobody can any more; waits for the latter, ten seconds at most.
    func sawEnd() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        guard read(file, &bytes, bytes.count) > 0 else { return false }
        var wanted = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, 10_000) == 1 && wanted.revents & Int16(POLLHUP) != 0
    }

    /// Lets whoever waits to read from it go on.
    func release() throws {
        let writing = open(path, O_WRONLY | O_CLOEXEC)
        guard writing >= 0, write(writing, "\n", 1) == 1 else { throw POSIXError(.EIO) }
        close(writing)
    }
}

/// A file that programs inherit unless somebody sees to it that they don't.
struct InheritableFile {
    private let file: Int32

    init(_ path: String) throws {
        file = open(path, O_RDONLY)
        guard file >= 0 else { throw POSIXError(.EIO) }
    }

    func close() { Foundation.close(file) }
}
