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
    static func verdicts(on cases: [Case]) throws -> [Bool] {
        let script = repository.appendingPathComponent("tools/checks/schema_judge.py").path
        let directory = try TemporaryDirectory("schemas")
        var lines: [UInt8] = []
        for one in cases { lines += JSONValue.array([.string(one.schema), one.document]).canonicalBytes() + [0x0A] }
        try Data(lines).write(to: URL(fileURLWithPath: directory.path("cases.jsonl")))
        let interpreter = try #require(python, remedy)
        let result = try ChildProcess.run(interpreter, [script, directory.path("cases.jsonl"), schemas.path])
        try #require(result.status == 0, "\(result.errorText)\n\(remedy)")
        let verdicts = try #require(try JSONParser.parse(result.output).array?.compactMap(\.bool))
        try #require(verdicts.count == cases.count)
        return verdicts
    }
}
