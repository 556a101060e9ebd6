import CanonicalJSON
import Deciders
import Determinism
import Experiments
import Foundation
import Jobs
import Scoring
import TestSupport
import Testing

/// A Python with the package `jsonschema`; `tools/test` names one.
private let python = ProcessInfo.processInfo.environment["CAIRN_PYTHON"]

/// The events of runs, scores and rankings against their JSON Schemas, with Python's `jsonschema` as the judge.
///
/// Each sample is changed in every place in many ways; type and schema must accept and refuse the same ones.
@Suite("Schema agreement", .enabled(if: python != nil))
struct SchemaAgreementTests {
    private static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static let labels = ScoreLabels(judge: "q", model: "a", sample: 1, scenario: "s")
    private static let samples: [any EventPayload] = [
        RunSubmitted(cells: 4, definition: Digest(of: "d"), experiment: "haiku", jobs: 8), RunJobsSubmitted(jobs: 8),
        RunFinished(cells: CellCounts(done: 1, failed: 0, skipped: 3), outcome: .incomplete), RunReopened(jobs: 3),
        RunDrained(outstanding: 0), ScoreRefused(labels: labels, reason: "why", round: 0),
        ScoreComputed(
            criteria: [CriterionScore(id: "c", score: 4.5, weight: 2)], labels: labels, repair: .codeFence, round: 1,
            rubric: Digest(of: "r"), total: 0.5),
        RankingComputed(
            entries: [
                RankingEntry(mean: 0.5, missing: 1, model: "a", rank: 1, scored: 3),
                RankingEntry(mean: nil, missing: 4, model: "b", rank: 2, scored: 0),
            ], inputs: Digest(of: "i"), method: .mean, run: RunID(wellFormed: "run-1")),
    ]

    @Test("types and schemas accept and refuse the same documents")
    func agreement() throws {
        var cases: [JSONValue] = []
        var accepted: [Bool] = []
        for sample in Self.samples {
            let type = Swift.type(of: sample)
            let document = try JSONValue(canonicalBytes: sample.canonicalBytes())
            #expect(Self.accepts(document, type))
            for changed in [document] + Self.changes(of: document) {
                cases.append(["data": changed, "type": .string("\(type.type).v\(type.version)")])
                accepted.append(Self.accepts(changed, type))
            }
        }
        #expect(cases.count > 500)
        let verdicts = try Self.judge(cases)
        try #require(verdicts.count == cases.count)
        for (index, verdict) in verdicts.enumerated() where verdict != accepted[index] {
            let text = String(decoding: cases[index].canonicalBytes(), as: UTF8.self)
            Issue.record("the type \(accepted[index] ? "accepts" : "refuses") and the schema doesn't: \(text)")
        }
    }

    private static func accepts(_ document: JSONValue, _ type: any EventPayload.Type) -> Bool {
        (try? type.init(canonicalBytes: document.canonicalBytes())) != nil
    }

    /// The document with one place changed, for every place and many changes.
    private static func changes(of value: JSONValue) -> [JSONValue] {
        var changed: [JSONValue] = [
            .null, true, "", "x", "x y", "mean", 0, 1, -1, 0.5, 1.5, 9_007_199_254_740_991, [], [.null], [:], ["x": 1],
            .string(String(repeating: "x", count: 201)), .string(String(repeating: "a", count: 64)),
            .string(String(repeating: "é", count: 500)), .string(String(repeating: "😀", count: 501)),
        ].filter { $0 != value }
        switch value {
        case .object(let members):
            for (key, member) in members {
                var without = members
                without[key] = nil
                changed.append(.object(without))
                for inner in changes(of: member) {
                    var with = members
                    with[key] = inner
                    changed.append(.object(with))
                }
            }
            var surplus = members
            surplus["zzz"] = 1
            changed.append(.object(surplus))
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                for inner in changes(of: element) {
                    var with = elements
                    with[index] = inner
                    changed.append(.array(with))
                }
            }
        case .null, .bool, .number, .string: break
        }
        return changed
    }

    /// What `jsonschema` says to each case.
    private static func judge(_ cases: [JSONValue]) throws -> [Bool] {
        let directory = try TemporaryDirectory("schemas")
        try Data(JSONValue.array(cases).canonicalBytes()).write(to: URL(fileURLWithPath: directory.path("cases.json")))
        let script = """
            from json import dumps, load
            from jsonschema import Draft202012Validator
            from sys import argv
            validators = {}
            def validator(name):
                if name not in validators:
                    with open(f"{argv[2]}/{name}.json") as file: schema = load(file)
                    Draft202012Validator.check_schema(schema)
                    validators[name] = Draft202012Validator(schema)
                return validators[name]
            with open(argv[1]) as file: cases = load(file)
            print(dumps([validator(case["type"]).is_valid(case["data"]) for case in cases]))
            """
        let result = try ChildProcess.run(
            try #require(python),
            ["-c", script, directory.path("cases.json"), root.appendingPathComponent("schemas/events").path])
        #expect(result.status == 0, "\(result.errorText)")
        return try JSONParser.parse(result.output).array?.compactMap(\.bool) ?? []
    }
}
