import CanonicalJSON
import Determinism
import EventLog
import TestSupport
import Testing

@testable import Jobs

@Suite("Program limits", .timeLimit(.minutes(2)))
struct ProgramLimitsTests {
    @Test("a program that takes too long is ended with all that it started", arguments: [false, true])
    func timeout(isStubborn: Bool) async throws {
        let program = try Program.shell(
            "\(isStubborn ? "trap '' TERM; " : "")exec 9>witness; echo waiting >&2; sleep 1000 & echo >&9; wait; wait",
            timeout: .milliseconds(200))
        let witness = try Witness(program.directory)
        let end = try await program.run()
        #expect(
            end
                == .failed(
                    class: "timeout", message: "it took longer than 200 ms and was ended: waiting", retryable: true,
                    evidence: [Blob(Array("waiting\n".utf8))]))
        #expect(witness.sawEnd())
    }

    @Test("the job's own limit of time goes before its kind's")
    func timeoutOfTheJob() async throws {
        let program = try Program.shell("sleep 1000", timeout: .hours(1))
        let end = try await program.run(Program.task(timeout: .milliseconds(50)))
        let failure = QueueResult.failed(
            class: "timeout", message: "it took longer than 50 ms and was ended", retryable: true)
        #expect(end == failure)
    }

    @Test("a program whose job is cancelled is ended with all that it started", arguments: [false, true])
    func cancelling(isStubborn: Bool) async throws {
        let program = try Program.shell(
            (isStubborn ? "trap '' TERM; " : "")
                + "exec 9>witness; sleep 1000 & echo >&9; echo '{\"progress\": 0}' >&2; wait; wait")
        let witness = try Witness(program.directory)
        let hasBegun = OneShot()
        let handler = program.handler()
        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: QueueResult.self) { group in
                group.addTask { try await handler.run(Program.task { _, _ in hasBegun.happen() }) }
                try await hasBegun.wait()
                group.cancelAll()
                _ = try await group.next()
            }
        }
        #expect(witness.sawEnd())
    }

    @Test("what a program leaves running when it ends is ended too, and not waited for")
    func orphans() async throws {
        let program = try Program.shell("exec 9>witness; (trap '' TERM; sleep 1000) & echo >&9; echo '{}'")
        let witness = try Witness(program.directory)
        #expect(try await program.run() == .completed([:]))
        #expect(witness.sawEnd())
    }

    @Test("a process that has left the group isn't waited for")
    func escaped() async throws {
        let program = try Program.shell("setsid sh -c 'read line < witness' & echo '{}'")
        let witness = try Witness(program.directory)
        // It holds the program's output open until somebody writes to it.
        #expect(try await program.run() == .completed([:]))
        try witness.release()
    }

    @Test("a program that ends by itself before its time is judged by its answer")
    func inTime() async throws {
        let end = try await Program.shell("echo '{\"a\": 1}'", timeout: .minutes(1)).run()
        #expect(end == .completed(["a": 1]))
    }

    @Test("more output than allowed ends the program", arguments: ["yes", "head -c 70000 /dev/zero; sleep 1000"])
    func tooMuchOutput(script: String) async throws {
        guard case .failed(let name, let message, false, _, _) = try await Program.shell(script, result: 65_536).run()
        else {
            Issue.record("it isn't a final failure")
            return
        }
        #expect(name == "resultTooLarge")
        #expect(message.hasPrefix("it wrote more than 65536 bytes to its standard output"))
    }

    @Test("an answer of as many bytes as allowed is a result")
    func justEnoughOutput() async throws {
        let program = try Program.shell("printf '{\"a\": \"%01015d\"}' 7", result: 1_024)
        guard case .completed(let result, _) = try await program.run() else {
            Issue.record("it failed")
            return
        }
        #expect(result["a"]?.string?.count == 1_015)
    }

    @Test("of many bytes on standard error the last are kept")
    func muchStandardError() async throws {
        let script = "head -c 3000000 /dev/zero | tr '\\0' 'x' | fold -w 99 >&2; echo >&2; echo last >&2; echo '{}'"
        guard case .completed(_, let evidence) = try await Program.shell(script).run() else {
            Issue.record("it failed")
            return
        }
        let bytes = try #require(evidence.first?.bytes)
        #expect(bytes.count <= ProgramErrors.longestTail + 100)
        #expect(bytes.count > ProgramErrors.longestTail / 2)
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("xxx\nlast\n"))
    }

    @Test("input that nobody reads holds nobody up")
    func unreadInput() async throws {
        let large = JSONValue.string(String(repeating: "x", count: 4 << 20))
        #expect(try await Program.shell("echo '{}'").run(Program.task(input: large)) == .completed([:]))
    }

    @Test("a program may read its input in small pieces while it writes")
    func slowReader() async throws {
        let program = try Program.python(
            """
            data=b''; import json,os,sys
            while True:
                part=os.read(0,7919)
                if not part: break
                data+=part
                print('.', file=sys.stderr, flush=True)
            print(json.dumps({'length': len(json.loads(data)['input'])}))
            """)
        let large = JSONValue.string(String(repeating: "x", count: 4 << 20))
        guard case .completed(let result, _) = try await program.run(Program.task(input: large)) else {
            Issue.record("it failed")
            return
        }
        #expect(result == ["length": JSONValue(4 << 20)])
    }

    @Test("a program can't have more memory than its kind allows")
    func memory() async throws {
        let program = try Program.python("bytearray(400_000_000)\nprint('{}')", memory: 200 << 20)
        guard case .failed("programFailed", let message, true, _, _) = try await program.run() else {
            Issue.record("it had the memory")
            return
        }
        #expect(message.hasSuffix("MemoryError"))
        let modest = try Program.python("bytearray(1_000_000)\nprint('{}')", memory: 200 << 20)
        #expect(try await modest.run() == .completed([:]))
    }
}
