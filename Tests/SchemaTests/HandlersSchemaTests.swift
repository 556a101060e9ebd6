import CanonicalJSON
import TestSupport
import Testing

@testable import Experiments

/// What the program reads as `handlers.yaml` and what `schemas/handlers.json` says are the same, as far as a schema can
/// say it.
@Suite("Handlers schema", .enabled(if: SchemaJudge.python != nil, SchemaJudge.remedy))
struct HandlersSchemaTests {
    private static let schema = "handlers.json"

    private static func problems(_ text: String) -> [String] {
        do throws(ExperimentProblems) {
            _ = try HandlersFile.read(text, folder: "/")
            return []
        } catch {
            return error.problems.map { "\($0.path): \($0.message)" }
        }
    }

    /// A YAML file as the JSON that the schema judges.
    private static func json(_ yaml: String) throws -> JSONValue {
        var reader = YAMLReader()
        let document = reader.document(yaml)
        let json = document.flatMap { reader.json($0) }
        return try #require(json)
    }

    @Test("what one refuses, the other refuses, but for ranges of quantities")
    func agreement() throws {
        let document = try Self.json(Self.full)
        let variants = [document] + Mutations(words: ["noop", "60s", "5 m", "8d", "2GB"]).of(document)
        #expect(variants.count > 500)
        let verdicts = try SchemaJudge.verdicts(on: variants.map { .init(schema: Self.schema, document: $0) })
        #expect(verdicts.first == true)
        for (variant, verdict) in zip(variants, verdicts) {
            let text = String(decoding: variant.canonicalBytes(), as: UTF8.self)
            let problems = Self.problems(text)
            let unexplained = problems.filter { problem in !Self.beyondSchemas.contains { problem.contains($0) } }
            if problems.isEmpty, !verdict { Issue.record("only the schema refuses \(text)") }
            if !unexplained.isEmpty, verdict { Issue.record("only the program refuses (\(unexplained)) \(text)") }
        }
    }

    private static let beyondSchemas = [
        "is less than “base”", "was expected, found 0", " bytes were expected, found", " s was expected, found", "“1e+",
    ]

    @Test("the usual mistakes are refused by both", arguments: mistakes)
    func mistake(_ mistake: (name: String, from: String, to: String)) throws {
        var text = Self.full
        text.replaceSubrange(try #require(text.firstRange(of: mistake.from), "\(mistake.name)"), with: mistake.to)
        #expect(!Self.problems(text).isEmpty, "the program accepts it")
        let document = try Self.json(text)
        #expect(try SchemaJudge.verdicts(on: [.init(schema: Self.schema, document: document)]) == [false])
    }

    private static let mistakes: [(name: String, from: String, to: String)] = [
        ("a misspelt field", "timeout: 60s", "time_out: 60s"), ("no kinds", "kinds:", "kind:"),
        ("no command", "command: [python3, analyse.py]\n    ", ""),
        ("a command line", "[python3, analyse.py]", "python3 analyse.py"),
        ("an empty command", "[python3, analyse.py]", "[]"),
        ("a program of nothing", "[python3, analyse.py]", "[\"\", analyse.py]"),
        ("a time without unit", "timeout: 60s", "timeout: 60"), ("half an hour", "timeout: 60s", "timeout: 0.5h"),
        ("a size in another form", "memory: 512MB", "memory: 512mb"),
        ("none at once", "max: 8", "max: 0"), ("a variable with its value", "[FOO, BAR_2]", "[FOO=1]"),
        ("a variable with a digit first", "[FOO, BAR_2]", "[2FOO]"),
        ("a provider with a slash", "provider: openai", "provider: open/ai"),
        ("a provider in capitals", "provider: openai", "provider: OpenAI"),
        ("a truth value for a provider", "provider: openai", "provider: true"),
        ("a number for a provider", "provider: openai", "provider: 5"),
        ("no attempts", "attempts: 3", "attempts: 0"),
        ("the kind noop", "analyse:", "noop:"), ("a kind with a hyphen", "analyse:", "my-analysis:"),
    ]

    /// Every field that there is.
    private static let full = """
        kinds:
          analyse:
            command: [python3, analyse.py]
            check: [python3, -c, import numpy]
            directory: .
            env: [FOO, BAR_2]
            timeout: 60s
            memory: 512MB
            max: 8
            max_result: 1MB
            provider: openai
            retry: {attempts: 3, base: 250ms, cap: 1h}
        """
}
