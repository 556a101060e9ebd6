import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// Python's `jsonschema`, which knows nothing of Cairn, as the judge of what the schemas say.
struct SchemaJudge {
    /// The interpreter that `tools/test` names; nil when the tests were started in another way.
    static let python = ProcessInfo.processInfo.environment["CAIRN_PYTHON"]
    static let remedy: Comment = "CAIRN_PYTHON names no Python with jsonschema: run tools/test"

    static let repository = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let schemas = repository.appendingPathComponent("schemas")

    /// One document and the schema that it is held against, as in `events/job.leased.v1.json`.
    struct Case {
        let schema: String
        let document: JSONValue
    }

    /// Whether each document is what its schema says.
    ///
    /// A pattern's `$` is the end of the text, as in ECMA-262, and not also the place before a last line feed.
    static func verdicts(on cases: [Case]) throws -> [Bool] {
        let script = """
            import json, re, sys
            import jsonschema

            def pattern(validator, pattern, instance, schema):
                if validator.is_type(instance, "string") and not re.search(re.sub(r"\\$$", r"\\\\Z", pattern), instance):
                    yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")

            Judge = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": pattern})
            validators = {}

            def validator(name):
                if name not in validators:
                    with open(f"{sys.argv[2]}/{name}") as file:
                        schema = json.load(file)
                    Judge.check_schema(schema)
                    validators[name] = Judge(schema)
                return validators[name]

            with open(sys.argv[1]) as file:
                print(json.dumps([validator(name).is_valid(value) for name, value in map(json.loads, file)]))
            """
        let directory = try TemporaryDirectory("schemas")
        var lines: [UInt8] = []
        for one in cases { lines += JSONValue.array([.string(one.schema), one.document]).canonicalBytes() + [0x0A] }
        try Data(lines).write(to: URL(fileURLWithPath: directory.path("cases.jsonl")))
        let interpreter = try #require(python, remedy)
        let result = try ChildProcess.run(interpreter, ["-c", script, directory.path("cases.jsonl"), schemas.path])
        try #require(result.status == 0, "\(result.errorText)\n\(remedy)")
        let verdicts = try #require(try JSONParser.parse(result.output).array?.compactMap(\.bool))
        try #require(verdicts.count == cases.count)
        return verdicts
    }
}
