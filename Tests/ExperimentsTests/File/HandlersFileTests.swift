import Determinism
import Foundation
import Jobs
import TestSupport
import Testing

@testable import Experiments

@Suite("Handlers file")
struct HandlersFileTests {
    private func problems(_ text: String) -> [String] {
        do throws(ExperimentProblems) {
            _ = try HandlersFile.read(text, folder: "/work")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test("every field is read")
    func everything() throws {
        let catalogue = try HandlersFile.read(
            """
            kinds:
              train:
                command: [python3, -u, train.py, 10]
                check: ["python3", "-c", "import numpy"]
                directory: models/small
                env: [DATA_FOLDER, HTTP_PROXY]
                timeout: 90m
                memory: 512MiB
                max: 8
                max_result: 64KB
                provider: openai
                retry: {attempts: 3, base: 250ms, cap: 1h}
              analyse:
                command: [./analyse]
            """, folder: "/home/x")
        let train = ProgramKind(
            "train", command: ["python3", "-u", "train.py", "10"], directory: "/home/x/models/small",
            check: ["python3", "-c", "import numpy"], environment: ["DATA_FOLDER", "HTTP_PROXY"],
            timeout: .minutes(90), memory: 512 << 20, most: 8, provider: ProviderID(wellFormed: "openai"),
            retry: RetryPolicy(attempts: 3, base: .milliseconds(250), cap: .hours(1)), largestResult: 64_000)
        let analyse = ProgramKind("analyse", command: ["./analyse"], directory: "/home/x")
        #expect(catalogue == HandlerCatalogue([train, analyse]))
        #expect(catalogue.kinds.map(\.name) == ["analyse", "train"])
        #expect(catalogue["train"] == train)
        #expect(catalogue["noop"] == nil)
    }

    @Test("all that is wrong is told at once, by line, field and remedy")
    func allProblems() {
        let text = """
            kinds:
              analyse:
                comand: [python3]
                timeout: 60
                memory: 4TB
                max: 0
                provider: my provider
              Bad-Name:
                command: python3 bad.py
              noop:
                command: []
                env: [MY-VAR, OPENAI_API_KEY]
                retry: {base: 1h, cap: 1s}
                timeout: 8d
            """
        #expect(
            problems(text) == [
                "3:5: kinds.analyse.comand: there is no field “comand”; did you mean “command”?",
                "3:5: kinds.analyse.command: “command” is missing",
                "4:14: kinds.analyse.timeout: a length of time was expected, found “60”; "
                    + "write 250ms, 60s, 5m, 2h or 1d",
                "5:13: kinds.analyse.memory: a size was expected, found “4TB”; write 64KB, 512MB or 2GiB",
                "6:10: kinds.analyse.max: a whole number from 1 to 10000 was expected, found “0”",
                "7:15: kinds.analyse.provider: “my provider” can't be a provider; begin with a small letter and "
                    + "use small letters, digits, `_`, `.`, `:` and `-`, at most 120, as in openai",
                "8:3: kinds.Bad-Name: “Bad-Name” can't be a kind of job; begin with a small letter and use letters and "
                    + "digits, at most 60, as in scoreAnswers",
                "9:14: kinds.Bad-Name.command: a list was expected, found text; write [\"python3\", \"bad.py\"]",
                "10:3: kinds.noop: every worker has the kind “noop” already; give yours another name",
                "11:14: kinds.noop.command: a program and up to 999 arguments were expected, found 0 words",
                "12:11: kinds.noop.env[0]: this isn't the name of an environment variable; give a name such as "
                    + "DATA_FOLDER here, and its value in the environment",
                "13:28: kinds.noop.retry.cap: “cap” is less than “base”",
                "14:14: kinds.noop.timeout: from 1 ms to 604800 s was expected, found 691200 s",
            ])
    }

    @Test(
        "a file that says nothing is a mistake",
        arguments: [("", "the file is empty"), ("x: 1", "1:1: x: there is no field “x”; known here: kinds")])
    func nothing(text: String, problem: String) { #expect(problems(text).first == problem) }

    @Test("a file without kinds is one without programs")
    func noKinds() throws {
        #expect(try HandlersFile.read("kinds: {}", folder: "/") == HandlerCatalogue())
    }

    @Test(
        "a provider is one word in one spelling",
        arguments: [
            ("true", "“true” can't be a provider; begin with"), ("5", "“5” can't be a provider; begin with"),
            ("'5'", "“5” can't be a provider; begin with"), ("OpenAI", "“OpenAI” can't be a provider; write openai"),
            ("my-API", "“my-API” can't be a provider; begin with"), ("''", "“” can't be a provider; begin with"),
        ])
    func provider(written: String, message: String) {
        let found = problems("kinds:\n  ask:\n    command: [x]\n    provider: \(written)\n")
        #expect(found.count == 1 && found.first?.hasPrefix("4:15: kinds.ask.provider: \(message)") == true, "\(found)")
    }
}

@Suite("Handlers loader")
struct HandlersLoaderTests {
    @Test("directories are relative to the folder of the file, and absolute ones stay")
    func directories() throws {
        let folder = try TemporaryDirectory("handlers")
        let text = """
            kinds:
              here: {command: [x]}
              below: {command: [x], directory: below}
              elsewhere: {command: [x], directory: /tmp}
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path("handlers.yaml")))
        let real = URL(fileURLWithPath: folder.path).resolvingSymlinksInPath().path
        let catalogue = try HandlersLoader.load(folder.path("handlers.yaml"))
        #expect(catalogue["here"]?.directory == real)
        #expect(catalogue["below"]?.directory == real + "/below")
        #expect(catalogue["elsewhere"]?.directory == "/tmp")
    }

    @Test("a file that can't be read is told by its path")
    func unreadable() throws {
        let failure = #expect(throws: ExperimentLoader.Failure.self) { try HandlersLoader.load("/no/handlers.yaml") }
        #expect(failure?.path == "/no/handlers.yaml")
    }

    @Test("a file that isn't UTF-8 is refused")
    func notText() throws {
        let folder = try TemporaryDirectory("handlers")
        try Data([0xff, 0xfe]).write(to: URL(fileURLWithPath: folder.path("handlers.yaml")))
        let problems = #expect(throws: ExperimentProblems.self) {
            try HandlersLoader.load(folder.path("handlers.yaml"))
        }
        #expect(problems?.description == "the file isn't UTF-8; save it as UTF-8")
    }
}
