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

/// A file that programs inherit unless somebody sees to it that they don't.
struct InheritableFile {
    private let file: Int32

    init(_ path: String) throws {
        file = open(path, O_RDONLY)
        guard file >= 0 else { throw POSIXError(.EIO) }
    }

    func close() { Foundation.close(file) }
}
