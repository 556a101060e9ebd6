import CanonicalJSON
import Determinism
import EventLog
import Synchronization
import TestSupport
import Testing

@testable import Jobs

@Suite("Program handlers", .timeLimit(.minutes(2)))
struct ProgramHandlerTests {
    @Test("the object on standard output is the result")
    func completes() async throws {
        let end = try await Program.shell("echo '{\"sum\": 3}'").run()
        #expect(end == .completed(["sum": 3]))
    }

    @Test("a program reads its task from standard input")
    func readsItsTask() async throws {
        let program = try Program.python(
            "import json,sys\nprint(json.dumps({'request': json.load(sys.stdin)}))")
        let parent = ParentResult(id: JobID(wellFormed: "p"), name: "load", result: ["rows": 7])
        let task = QueueTask(
            id: JobID(wellFormed: "j"), attempt: 2, kind: "analyse", input: ["text": "grüße\n"],
            labels: ["model": "m"], run: RunID(wellFormed: "r"), parents: { [parent] })
        let expected: JSONValue = [
            "attempt": 2, "id": "j", "input": ["text": "grüße\n"], "kind": "analyse", "labels": ["model": "m"],
            "parents": ["load": ["rows": 7]], "run": "r",
        ]
        #expect(try await program.run(task) == .completed(["request": expected]))
    }

    @Test("an exit code other than 0 is a failure that can be tried again, with the last words of the program")
    func exitCode() async throws {
        let end = try await Program.shell("echo one >&2; echo two >&2; exit 3").run()
        #expect(
            end
                == .failed(
                    class: "programFailed", message: "it ended with exit code 3: one | two", retryable: true,
                    evidence: [Blob(Array("one\ntwo\n".utf8))]))
    }

    @Test("a failure that the program describes is taken as it says")
    func describedFailure() async throws {
        let error = """
            {"error": {"class": "RateLimited", "message": "too many", "retryable": false, "retryAfterSeconds": 1.5}}
            """
        let end = try await Program.shell("echo '\(error)'; exit 1").run()
        let failure = QueueResult.failed(
            class: "rateLimited", message: "too many", retryable: false, after: .milliseconds(1_500))
        #expect(end == failure)
    }

    @Test("a program that a signal ends has crashed")
    func signal() async throws {
        let end = try await Program.shell("echo reading >&2; kill -SEGV $$").run()
        let words = [Blob(Array("reading\n".utf8))]
        #expect(end == .crashed(message: "it was ended by SIGSEGV: reading", evidence: words))
    }

    @Test(
        "an answer that isn't one object is a failure that isn't tried again",
        arguments: ["true", "echo '[1]'", "echo '{}{}'", "echo 'done'", "printf '\\377\\376\\000\\001'"])
    func invalidAnswer(script: String) async throws {
        guard case .failed(let name, let message, let retryable, _, _) = try await Program.shell(script).run() else {
            Issue.record("it didn't fail")
            return
        }
        #expect(name == "invalidResult")
        #expect(message.hasPrefix("its standard output isn't one JSON object: "))
        #expect(!retryable)
    }

    @Test("an answer that can't be read is kept as evidence")
    func garbageIsKept() async throws {
        let end = try await Program.shell("printf '\\377\\376\\000\\001'").run()
        guard case .failed(_, _, _, _, let evidence) = end else {
            Issue.record("it didn't fail")
            return
        }
        #expect(evidence == [Blob([0xff, 0xfe, 0, 1])])
    }

    @Test("lines with progress are reported and not kept")
    func progress() async throws {
        let script = """
            echo '{"progress": 0.25}' >&2; echo text >&2; echo '{"progress": 1, "message": "done"}' >&2; echo '{}'
            """
        let reports = Mutex<[String]>([])
        let task = Program.task { thousandths, message in
            reports.withLock { $0.append("\(thousandths) \(message ?? "-")") }
        }
        let end = try await Program.shell(script).run(task)
        #expect(end == .completed([:], evidence: [Blob(Array("text\n".utf8))]))
        #expect(reports.withLock { $0 } == ["250 -", "1000 done"])
    }

    @Test("a program gets four variables and those that its kind names")
    func environment() async throws {
        let program = try Program(
            ["env"], environment: ["DEPTH"],
            variables: ["DEPTH": "3", "OPENAI_API_KEY": "sk-123456789", "HOME": "/home/x", "PATH": "/usr/bin:/bin"])
        guard case .failed("invalidResult", _, _, _, let evidence) = try await program.run() else {
            Issue.record("its output counts as a result")
            return
        }
        let lines = String(decoding: evidence.first?.bytes ?? [], as: UTF8.self).split(separator: "\n").sorted()
        #expect(lines == ["DEPTH=3", "HOME=/home/x", "LANG=C.UTF-8", "PATH=/usr/bin:/bin", "TZ=UTC"])
    }

    @Test("a key that a program prints is not written down")
    func secretsAreRedacted() async throws {
        let script =
            "echo \"{\\\"progress\\\": 0.5, \\\"message\\\": \\\"$MY_KEY\\\"}\" >&2; "
            + "echo \"using $MY_KEY\" >&2; echo \"{\\\"key\\\": \\\"$MY_KEY\\\"}\""
        let program = try Program.shell(
            script, environment: ["MY_KEY"], variables: ["MY_KEY": "sk-0123456789"])
        let messages = Mutex<[String?]>([])
        let end = try await program.run(Program.task { _, message in messages.withLock { $0.append(message) } })
        #expect(end == .completed(["key": "[MY_KEY]"], evidence: [Blob(Array("using [MY_KEY]\n".utf8))]))
        #expect(messages.withLock { $0 } == ["[MY_KEY]"])
    }

    @Test("a program runs in its directory and has no file of ours open")
    func directoryAndFiles() async throws {
        let program = try Program.python(
            "import json,os\nfiles=sorted(map(int,os.listdir('/proc/self/fd')))\n"
                + "print(json.dumps({'in': os.path.realpath('.'), 'files': files[:3], 'more': len(files) - 3}))")
        let inherited = try InheritableFile(program.directory.path)
        defer { inherited.close() }
        // The one more is the directory that it lists.
        let expected: JSONValue = ["in": .string(program.directory.path), "files": [0, 1, 2], "more": 1]
        #expect(try await program.run() == .completed(expected))
    }

    @Test("two hundred programs at once each get their own task")
    func manyAtOnce() async throws {
        let program = try Program.shell("read line; printf '{\"request\": %s}' \"$line\"")
        let handler = program.handler()
        try await withThrowingTaskGroup(of: (Int, QueueResult).self) { group in
            for number in 0..<200 {
                group.addTask { (number, try await handler.run(Program.task(input: JSONValue(number)))) }
            }
            var count = 0
            for try await (number, end) in group {
                count += 1
                guard case .completed(let result, _) = end else {
                    Issue.record("\(number) ended as \(end)")
                    continue
                }
                #expect(result["request"]?["input"] == JSONValue(number))
            }
            #expect(count == 200)
        }
    }
}
