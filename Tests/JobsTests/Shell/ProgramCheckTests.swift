import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Jobs

@Suite("Checks of programs", .timeLimit(.minutes(2)))
struct ProgramCheckTests {
    private func problem(_ program: Program) async throws -> HandlerProblem {
        await #expect(throws: HandlerProblem.self) { try await program.handler().check() }
            ?? HandlerProblem(
                kind: "", message: "", remedy: "")
    }

    @Test("a program that isn't in PATH is named, with where it was looked for")
    func notInPath() async throws {
        let problem = try await problem(try Program(["no-such-program"], variables: ["PATH": "/usr/bin:/bin"]))
        #expect(
            problem.description
                == "jobs of kind “test” can't be done: no-such-program: there is no such program in PATH "
                + "(/usr/bin:/bin); install it, or name it by its path")
    }

    @Test("a file that is missing or can't be run is named by its path")
    func unusableFile() async throws {
        let program = try Program(["./analyse"])
        let path = program.directory.path("analyse").replacingOccurrences(of: "/analyse", with: "/./analyse")
        #expect(try await problem(program).message == "there is no such file")
        try Data("#!/bin/sh\necho '{}'\n".utf8).write(to: URL(fileURLWithPath: path))
        let found = try await problem(program)
        #expect(found.path == path)
        #expect(found.message == "it isn't executable")
        #expect(found.remedy == "chmod +x \(path)")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        #expect(try await program.run() == .completed([:]))
    }

    @Test("a directory that doesn't exist is named")
    func noDirectory() async throws {
        let handler = ProgramHandler(ProgramKind("test", command: ["sh"], directory: "/no/such/directory"))
        let problem = await #expect(throws: HandlerProblem.self) { try await handler.check() }
        #expect(problem?.path == "/no/such/directory")
    }

    @Test("a variable that is named and not set is a problem")
    func missingVariable() async throws {
        let problem = try await problem(try Program.shell("echo '{}'", environment: ["NOT_SET_HERE"]))
        #expect(problem.message == "the environment variable NOT_SET_HERE isn't set")
    }

    @Test("the program's own check is run once, however many ask, and its verdict kept")
    func checkRunsOnce() async throws {
        let program = try Program.shell("echo '{}'", check: ["sh", "-c", "echo x >> checked"])
        let handler = program.handler()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { try await handler.check() } }
            try await group.waitForAll()
        }
        _ = try await handler.run(Program.task())
        #expect(try String(contentsOfFile: program.directory.path("checked"), encoding: .utf8) == "x\n")
    }

    @Test("a check that fails says what it said, and stays failed")
    func failingCheck() async throws {
        let program = try Program.shell(
            "echo '{}'", check: ["sh", "-c", "echo x >> checked; echo numpy is missing >&2; exit 4"])
        let handler = program.handler()
        for _ in 0..<2 {
            let problem = await #expect(throws: HandlerProblem.self) { try await handler.check() }
            #expect(problem?.message == "its check failed: it ended with exit code 4: numpy is missing")
        }
        #expect(try String(contentsOfFile: program.directory.path("checked"), encoding: .utf8) == "x\n")
    }

    @Test("a check that was cut short is made again")
    func cancelledCheck() async throws {
        let program = try Program.shell("echo '{}'", check: ["sh", "-c", "echo x >> checked"])
        let handler = program.handler()
        await withTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask { await #expect(throws: CancellationError.self) { try await handler.check() } }
        }
        try await handler.check()
    }

    @Test("a program that vanishes after the check is a failure that can be tried again")
    func vanished() async throws {
        let program = try Program(["./analyse"])
        let path = program.directory.path("analyse")
        try Data("#!/bin/sh\necho '{}'\n".utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        let handler = program.handler()
        try await handler.check()
        try FileManager.default.removeItem(atPath: path)
        guard case .failed("programNotStarted", _, true, _, _) = try await handler.run(Program.task()) else {
            Issue.record("it isn't a failure that can be tried again")
            return
        }
    }
}
