import Scoring
import Testing

@Suite struct LenientReadingTests {
    private static let rubric = Rubric(criteria: [
        Criterion(id: "clear", description: "", weight: 1, min: 1, max: 5)
    ])

    @Test(arguments: [
        #"{"criteria": {"clear": {"score": "4"}}}"#, #"{"criteria": {"clear": 4}}"#,
        #"{"criteria": {"clear": " 4.0 "}}"#, #"{"criteria": {"clear": {"score": 4}}}"#,
    ])
    func `a score may stand as text or by itself`(text: String) {
        let answer = try? JudgeAnswer.parse(text, rubric: Self.rubric, reading: .lenient).get()
        #expect(answer?.scores.map(\.score) == [4])
    }

    @Test(arguments: [
        #"{"criteria": {"clear": {"score": "four"}}}"#, #"{"criteria": {"clear": "0x4"}}"#,
        #"{"criteria": {"clear": "6"}}"#, #"{"criteria": {"clear": true}}"#, #"{"criteria": {"clear": {}}}"#,
        #"{"criteria": {"clear": "nan"}}"#,
    ])
    func `what isn't a number on the scale is refused all the same`(text: String) {
        #expect(throws: JudgeAnswer.Refusal.self) {
            try JudgeAnswer.parse(text, rubric: Self.rubric, reading: .lenient).get()
        }
    }

    @Test func `runs read exactly`() {
        #expect(throws: JudgeAnswer.Refusal.self) {
            try JudgeAnswer.parse(#"{"criteria": {"clear": 4}}"#, rubric: Self.rubric).get()
        }
    }
}
