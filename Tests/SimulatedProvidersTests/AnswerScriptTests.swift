import CanonicalJSON
import Determinism
import Providers
import Testing

@testable import SimulatedProviders

@Suite("AnswerScript")
struct AnswerScriptTests {
    private let question = "Why do tides follow the moon rather than the wind?"

    @Test("an answer is a function of the request's body alone")
    func deterministic() throws {
        let body = request("sim-average", [("user", question)])
        let first = try answer(body)
        #expect(try answer(body) == first)
        #expect(try answer(request("sim-average", [("user", question + " ")])) != first)
        #expect(first.finish == "stop")
        #expect(first.text.contains("tides") || first.text.contains("moon") || first.text.contains("wind"))
    }

    @Test("a later answer refers to an earlier one")
    func conversation() throws {
        let first = try answer(request("sim-careful", [("user", question)])).text
        let messages = [("user", question), ("assistant", first), ("user", "And the sun?")]
        let second = try answer(request("sim-careful", messages)).text
        #expect(second.hasPrefix("Coming back to"))
        let third = try answer(
            request("sim-careful", messages + [("assistant", second), ("user", "Anything else about that?")])
        ).text
        #expect(third.hasPrefix("As I said 2 answers ago"))
    }

    @Test("the token limit and stop texts end an answer")
    func limits() throws {
        let full = try answer(request("sim-careful", [("user", question)])).text
        var parameters = ChatParameters(maxTokens: 5)
        let cut = try answer(request("sim-careful", [("user", question)], parameters))
        #expect(cut.finish == "length")
        #expect((1...20).contains(cut.text.utf8.count))
        parameters = ChatParameters(stop: ["."])
        let stopped = try answer(request("sim-careful", [("user", question)], parameters))
        #expect(stopped.finish == "stop")
        #expect(!stopped.text.contains("."))
        #expect(full.contains("."))
    }

    @Test("careful models write sentences of more merit than average ones, and those than hasty ones")
    func merit() throws {
        func mean(_ model: String) throws -> Double {
            let merits = try (0..<60).map { number in
                let text = try answer(request(model, [("user", "\(question) Case \(number)")])).text
                return try #require(Sentence.merit(of: Array(text.utf8)))
            }
            return merits.reduce(0, +) / Double(merits.count)
        }
        let (careful, average, hasty) = (try mean("sim-careful"), try mean("sim-average"), try mean("sim-hasty"))
        #expect(careful > average + 0.15)
        #expect(average > hasty + 0.15)
    }

    @Test("every sentence is known again by its mark, and by no other")
    func marks() {
        for sentence in Sentence.all {
            let text = sentence.text("moon", "wind")
            #expect(!text.contains("{") && text.hasSuffix("."))
            #expect(Sentence.merit(of: Array(text.utf8)) == sentence.grade.merit)
        }
        #expect(Sentence.merit(of: Array("The moon pulls.".utf8)) == nil)
    }

    @Test("any schema is answered by a value that has its form")
    func schema() throws {
        let schema: JSONValue = [
            "type": "object",
            "properties": [
                "name": ["type": "string"], "age": ["type": "integer", "minimum": 3, "maximum": 5],
                "tags": ["type": "array", "items": ["enum": ["a", "b"]]], "ok": ["type": "boolean"],
                "share": ["type": "number"], "none": ["type": "null"],
            ],
        ]
        let parameters = ChatParameters(responseSchema: ResponseSchema(name: "person", schema: schema))
        let text = try answer(request("sim-average", [("user", question)], parameters)).text
        let value = try JSONParser.parse(Array(text.utf8))
        #expect(value["name"]?.string != nil)
        #expect((3...5).contains(try #require(value["age"]?.int)))
        #expect(["a", "b"].contains(try #require(value["tags"]?[0]?.string)))
        #expect(value["ok"]?.bool != nil)
        #expect(value["none"] == .null)
    }

    @Test(
        "a request that isn't one is refused in OpenAI's words",
        arguments: [
            ("{", "invalid_json"), (#"{"model":"m"}"#, "missing_required_parameter"),
            (#"{"messages":[{}]}"#, "missing_required_parameter"),
            (#"{"model":"m","messages":[]}"#, "missing_required_parameter"),
            (#"{"model":"o3","messages":[{}],"max_tokens":1}"#, "unsupported_parameter"),
            (#"{"model":"gpt-5","messages":[{}],"temperature":0.5}"#, "unsupported_value"),
        ])
    func refusals(_ body: String, _ code: String) throws {
        let refusal = try #require(
            #expect(throws: ErrorReply.self) { try SimulatedRequest(Array(body.utf8)) })
        let error = try JSONParser.parse(refusal.bytes(id: ""))["error"]
        #expect(error?["code"]?.string == code)
        #expect(refusal.status == 400)
    }

    @Test("no bytes make the scripts trap")
    func randomBytes() throws {
        let seed: UInt64 = 20_261_122
        var generator = SeededGenerator(seed: seed)
        let bodies = [request("sim-careful", [("user", question)]), JudgeScriptTests.request(range: "1–5")]
        for _ in 0..<2_000 {
            var body = bodies[Int(generator.uniform(below: 2))]
            for _ in 0..<(1 + generator.uniform(below: 4)) {
                let place = Int(generator.uniform(below: UInt64(body.count)))
                body[place] = UInt8(truncatingIfNeeded: generator.next() % 128)
            }
            guard let request = try? SimulatedRequest(body) else { continue }
            let answer = AnswerScript.answer(to: request, seed: Digest(of: body))
            let bytes = ChatFormat.openai.body(Completion(answer, to: request, digest: Digest(of: body)))
            let result = OpenAIChat.result(status: 200, headers: [:], body: bytes)
            #expect(try result.get().text == answer.text, "seed \(seed)")
        }
    }

    private func answer(_ body: [UInt8]) throws -> AnswerScript.Answer {
        AnswerScript.answer(to: try SimulatedRequest(body), seed: Digest(of: body))
    }

    private func request(
        _ model: String, _ messages: [(String, String)], _ parameters: ChatParameters = ChatParameters()
    ) -> [UInt8] {
        SimulatedBody.bytes(model, messages, parameters)
    }
}
