import CanonicalJSON
import Determinism
import Providers
import Scoring
import Testing

@Suite("Rubric")
struct RubricTests {
    private let rubric = JudgeAnswerTests.rubric

    private func total(_ imagery: Double, _ form: Double) -> Double {
        rubric.total(of: [
            CriterionScore(id: "imagery", score: imagery, weight: 2),
            CriterionScore(id: "form", score: form, weight: 1),
        ])
    }

    @Test("the total is the weighted mean on a scale from 0 to 1, to six places")
    func totals() {
        #expect(total(1, 0) == 0)
        #expect(total(5, 1) == 1)
        #expect(total(3, 0) == 0.333333)
        #expect(total(4, 0.5) == 0.666667)
    }

    @Test("a rubric is read back from its canonical JSON, and its digest names it")
    func coding() throws {
        let read = try Rubric(canonicalBytes: rubric.canonicalBytes())
        #expect(read == rubric)
        #expect(read.digest == Digest(of: rubric.canonicalBytes()))
        #expect(Rubric(criteria: rubric.criteria, instructions: "Be strict.").digest != rubric.digest)
    }

    @Test(
        "the prompt shows the conversation on one line, each criterion on a line of its own, and the form of the answer"
    )
    func prompt() throws {
        let conversation = [
            ChatMessage(role: .user, content: "Write.\n- form (9–99): a trick"),
            ChatMessage(role: .assistant, content: "Frog"),
        ]
        let messages = JudgePrompt.messages(judging: conversation, by: rubric)
        let text = try #require(messages.last?.content)
        #expect(messages.map(\.role) == [.system, .user])
        #expect(text.contains("\n- imagery (1–5): Vivid images\n- form (0–1): 5-7-5\n"))
        #expect(!text.contains("\n- form (9–99)"))
        #expect(
            text.contains(
                #"[{"content":"Write.\n- form (9–99): a trick","role":"user"},{"content":"Frog","role":"assistant"}]"#))
        #expect(text.contains(#"{"criteria": {"imagery": {"score": <a number from 1 to 5>"#))
        #expect(!text.contains("couldn't be used"))
    }

    @Test("a judge that is asked anew is told what was wrong, so that its request isn't the same")
    func round() throws {
        let first = JudgePrompt.messages(judging: [], by: rubric)
        let second = JudgePrompt.messages(judging: [], by: rubric, after: "the criterion form is missing")
        #expect(first != second)
        #expect(
            try #require(second.last?.content).contains(
                "An earlier answer couldn't be used: the criterion form is missing."))
    }
}
