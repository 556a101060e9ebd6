import CanonicalJSON
import Determinism
import EventLog
import Glibc
import TestSupport
import Testing

@testable import Jobs

@Suite("Standard error of programs")
struct ProgramErrorsTests {
    private static let text = """
        reading
        {"progress": 0.1}
          {"progress": 0.2, "message": "rows"}
        {"progress": 2}
        {"other": 1}
        {not json
        {"progress": 0.3, "message": 4}\r

        last
        """

    @Test("reports and text are told apart however the bytes are cut", arguments: [1, 2, 3, 7, 16, 1_000])
    func cuts(size: Int) {
        var errors = ProgramErrors()
        var reports: [ProgramErrors.Report] = []
        let bytes = Array(Self.text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            reports += errors.take(bytes[start..<min(start + size, bytes.count)])
        }
        #expect(
            reports == [
                .init(thousandths: 100, message: nil), .init(thousandths: 200, message: "rows"),
                .init(thousandths: 300, message: nil),
            ])
        let kept = "reading\n{\"progress\": 2}\n{\"other\": 1}\n{not json\n\nlast"
        #expect(String(decoding: errors.tail(), as: UTF8.self) == kept)
    }

    @Test("the tail begins with a line and says how much is missing")
    func tail() {
        var errors = ProgramErrors(limit: 10)
        _ = errors.take(Array("first\nsecond\nthird\n".utf8))
        #expect(String(decoding: errors.tail(), as: UTF8.self) == "(13 bytes before this are not kept)\nthird\n")
    }

    @Test("the tail is the end of what was written, for any pieces")
    func tailOfAnything() {
        let seed: UInt64 = 20_261_121
        var generator = SeededGenerator(seed: seed)
        for round in 0..<200 {
            var errors = ProgramErrors(limit: 64)
            var all: [UInt8] = []
            for _ in 0..<Int(generator.uniform(below: 40)) {
                let piece = (0..<generator.uniform(below: 30)).map { _ in
                    Array("ab{\n \u{e9}".utf8)[Int(generator.uniform(below: 7))]
                }
                _ = errors.take(piece)
                all += piece
            }
            let tail = errors.tail()
            if all.count <= 64 {
                #expect(tail == all, "seed \(seed), round \(round)")
            } else {
                let end = tail.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
                #expect(all.suffix(end.count).elementsEqual(end), "seed \(seed), round \(round)")
                #expect(end.count <= 64)
            }
        }
    }

    @Test("a very long line is text")
    func longLine() {
        var errors = ProgramErrors()
        let line = "{\"progress\": 0.5, \"message\": \"" + String(repeating: "x", count: 5_000) + "\"}\n"
        #expect(errors.take(Array(line.utf8)).isEmpty)
        #expect(errors.tail() == Array(line.utf8))
    }
}

@Suite("Ends of programs")
struct ProgramEndTests {
    @Test(
        "a class is made a word in camel case",
        arguments: [
            ("rateLimited", "rateLimited"), ("ValueError", "valueError"), ("rate_limit", "rateLimit"),
            ("rate-limit error", "rateLimitError"), ("HTTPError", "httpError"), ("OOM", "oom"), ("x", "x"),
            ("ns.pkg.BadThing", "nsPkgBadThing"), ("4xx", nil), ("", nil), ("…", nil), ("größe", "grE"),
        ])
    func classes(given: String, expected: String?) { #expect(camelCase(given) == expected) }

    @Test("an error object with nothing in it is a failure that can be tried again")
    func emptyError() {
        let end = ProgramEnd(way: .exited(1), output: Array("{\"error\": {}}".utf8), errors: [])
        #expect(end.result == .failed(class: "programFailed", message: "(no message)", retryable: true))
    }

    @Test("an error object counts only with an exit code other than 0")
    func errorObjectOfASuccess() {
        let end = ProgramEnd(way: .exited(0), output: Array("{\"error\": {}}".utf8), errors: [])
        #expect(end.result == .completed(["error": [:]]))
    }

    @Test("a wait that nobody can mean is no wait", arguments: ["-1", "1e300", "\"soon\"", "null"])
    func unreasonableWait(seconds: String) {
        let output = "{\"error\": {\"message\": \"m\", \"retryAfterSeconds\": \(seconds)}}"
        let end = ProgramEnd(way: .exited(1), output: Array(output.utf8), errors: [])
        #expect(end.result == .failed(class: "programFailed", message: "m", retryable: true))
    }

    @Test("a message fits the event, whatever the program said")
    func longWords() {
        let words = Array(String(repeating: "é\u{1b}[31m", count: 9_000).utf8)
        for way in [ProgramEnd.Way.exited(9), .signaled(9), .timedOut(.seconds(1)), .wroteTooMuch(5)] {
            switch ProgramEnd(way: way, output: [], errors: words).result {
            case .failed(_, let message, _, _, _), .crashed(let message, _):
                #expect(message.unicodeScalars.count <= JobFailed.longestMessage)
                #expect(!message.unicodeScalars.contains("\u{1b}"))
            case .completed, .deferred, .interrupted: Issue.record("it didn't fail")
            }
        }
    }
}

@Suite("Programs that can't be started")
struct ProgramStartTests {
    @Test(
        "what the machine is short of for now spends no attempt", arguments: [EAGAIN, EMFILE, ENFILE, ENOMEM, ENOSPC])
    func shortage(number: CInt) {
        let end = ProgramHandler.unstarted("/bin/x", "no room", number: number)
        #expect(end == .deferred(for: .seconds(1), reason: "/bin/x can't be started now: no room"))
    }

    @Test("anything else is a failure", arguments: [EACCES, ELOOP, nil])
    func failure(number: CInt?) {
        let end = ProgramHandler.unstarted("/bin/x", "why", number: number)
        let message = "/bin/x couldn't be started: why"
        #expect(end == .failed(class: "programNotStarted", message: message, retryable: true))
    }
}

@Suite("Requests to programs")
struct ProgramRequestTests {
    private func parent(_ id: String, _ name: String?, _ result: JSONValue?) -> ParentResult {
        ParentResult(id: JobID(wellFormed: id), name: name, result: result)
    }

    @Test("parents are known by name, and by id where names don't tell them apart")
    func parents() {
        let parents = [
            parent("a", "load", ["n": 1]), parent("b", nil, ["n": 2]), parent("c", "twice", nil),
            parent("d", "twice", ["n": 4]), parent("e", "b", ["n": 5]),
        ]
        let expected: JSONValue = [
            "load": ["n": 1], "b": ["n": 2], "c": .null, "d": ["n": 4], "e": ["n": 5],
        ]
        #expect(ProgramRequest.parents(parents) == expected)
    }

    @Test("a request is one line of canonical JSON")
    func form() {
        let bytes = ProgramRequest.bytes(Program.task(input: ["b": 1, "a": "x\ny"]), parents: [])
        let text = #"{"attempt":1,"id":"job","input":{"a":"x\ny","b":1},"kind":"test","labels":{},"parents":{},"#
        #expect(String(decoding: bytes, as: UTF8.self) == text + #""run":"run"}"# + "\n")
    }
}

@Suite("Environments of programs")
struct ProgramEnvironmentTests {
    @Test("only keys are redacted, wherever they stand")
    func redaction() {
        let environment = ProgramEnvironment(
            naming: ["DATA", "API_KEY", "TOKEN", "SHORT_KEY"],
            of: ["DATA": "/data/folder", "API_KEY": "aabaabaac", "TOKEN": "ttttttttt", "SHORT_KEY": "abc"])
        #expect(
            environment.redacting("aabaabaabaac /data/folder ttttttttt abc") == "aab[API_KEY] /data/folder [TOKEN] abc")
        #expect(environment.redacting("ttttttttt") == "[TOKEN]")
        #expect(environment.redacting("tttttttt") == "tttttttt")
    }

    @Test("what is named and not set is told")
    func missing() {
        let environment = ProgramEnvironment(naming: ["A", "B", "PATH"], of: ["A": "", "PATH": "/bin"])
        #expect(environment.missing == ["B"])
        #expect(environment.variables.map(\.name) == ["A", "LANG", "PATH", "TZ"])
    }
}
