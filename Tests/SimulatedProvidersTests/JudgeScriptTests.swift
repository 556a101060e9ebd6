import CanonicalJSON
import Determinism
import Providers
import Testing

@testable import SimulatedProviders

@Suite("JudgeScript")
struct JudgeScriptTests {
    @Test(
        "criteria are found in a prompt however the range is written",
        arguments: [
            ("1–5", 1, 5), ("1-5", 1, 5), ("0 – 10", 0, 10), ("1 to 7", 1, 7), ("-2–2", -2, 2), ("0..1", 0, 1),
            ("0.5—1.5", 0.5, 1.5),
        ] as [(String, Double, Double)])
    func ranges(_ range: String, _ minimum: Double, _ maximum: Double) throws {
        let script = try #require(JudgeScript(try SimulatedRequest(Self.request(range: range))))
        #expect(script.criteria.map(\.id) == ["clarity", "depth-of_it"])
        #expect(script.criteria.allSatisfy { $0.minimum == minimum && $0.maximum == maximum })
    }

    @Test(
        "a prompt that doesn't ask for criteria is no request to judge",
        arguments: [
            "- clarity (1–5): is it clear?", "Name \"criteria\" for a good answer.", "\"criteria\"\n- clarity: 1–5",
            "\"criteria\"\n- clarity (high–low): x", "\"criteria\"\n- clarity (5–1): x", "",
        ])
    func others(_ prompt: String) throws {
        let script = JudgeScript(try SimulatedRequest(SimulatedBody.bytes("sim-judge", [("user", prompt)])))
        #expect(script == nil || script?.criteria.isEmpty == true)
    }

    @Test("criteria are found in the schema of the answer")
    func schema() throws {
        let score: JSONValue = ["type": "integer", "minimum": 2, "maximum": 4]
        let criterion: JSONValue = ["type": "object", "properties": ["score": score, "reason": ["type": "string"]]]
        let schema: JSONValue = ["properties": ["criteria": ["properties": ["b": criterion, "a": criterion]]]]
        let body = SimulatedBody.bytes(
            "sim-judge", [("user", "Judge this.")],
            ChatParameters(responseSchema: ResponseSchema(name: "verdict", schema: schema)))
        let scores = try Self.scores(body)
        #expect(scores.keys.sorted() == ["a", "b"])
        #expect(scores.values.allSatisfy { (2...4).contains($0) && $0.rounded() == $0 })
    }

    @Test("judges rank careful answers before average before hasty ones, each judge for itself")
    func ranking() throws {
        for judge in ["sim-judge", "sim-hasty", "some-other-model"] {
            let means = try ["sim-careful", "sim-average", "sim-hasty"].map { model in
                let scores = try (0..<25).map { try meanScore(judge, of: model, number: $0) }
                return scores.reduce(0, +) / Double(scores.count)
            }
            #expect(means[0] > means[1] + 0.3, "\(judge): \(means)")
            #expect(means[1] > means[2] + 0.3, "\(judge): \(means)")
        }
    }

    @Test("scores lie on their scales, with tenths where a scale has no room for whole numbers")
    func scales() throws {
        for number in 0..<50 {
            let scores = try Self.scores(Self.request(range: "0–1", answer: "Answer \(number)"))
            for score in scores.values {
                #expect((0...1).contains(score) && abs(score * 10 - (score * 10).rounded()) < 1e-9)
            }
            let others = try Self.scores(Self.request(range: "-3–3", answer: "Answer \(number)"))
            for score in others.values { #expect((-3...3).contains(score) && score == score.rounded()) }
        }
    }

    private func meanScore(_ judge: String, of model: String, number: Int) throws -> Double {
        let body = SimulatedBody.bytes(model, [("user", "What makes bread number \(number) rise in the oven?")])
        let answer = AnswerScript.answer(to: try SimulatedRequest(body), seed: Digest(of: body)).text
        let scores = try Self.scores(Self.request(range: "1–5", answer: answer, judge: judge))
        return scores.values.reduce(0, +) / Double(scores.count)
    }

    static func request(range: String, answer: String = "It is so.", judge: String = "sim-judge") -> [UInt8] {
        let prompt = """
            You judge one answer. Reply with JSON alone: {"criteria": {"<id>": {"score": n, "reason": "…"}}}

            Criteria:
            - clarity (\(range)): is it easy to follow?
            - depth-of_it (\(range)): does it go beyond the obvious?

            Question: What makes bread rise?
            Answer: \(answer)
            """
        return SimulatedBody.bytes(judge, [("system", "You are strict."), ("user", prompt)])
    }

    private static func scores(_ body: [UInt8]) throws -> [String: Double] {
        let text = AnswerScript.answer(to: try SimulatedRequest(body), seed: Digest(of: body)).text
        let criteria = try #require(try JSONParser.parse(Array(text.utf8))["criteria"]?.object)
        return try criteria.reduce(into: [:]) { scores, member in
            #expect(member.value["reason"]?.string?.isEmpty == false)
            scores[member.key] = try #require(member.value["score"]?.double)
        }
    }
}
