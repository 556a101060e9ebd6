import Scoring
import Testing

@Suite("JudgeAnswer")
struct JudgeAnswerTests {
    static let rubric = Rubric(criteria: [
        Criterion(id: "imagery", description: "Vivid images", weight: 2, min: 1, max: 5),
        Criterion(id: "form", description: "5-7-5", weight: 1, min: 0, max: 1),
    ])

    private static func scores(_ imagery: Double, _ form: Double) -> [CriterionScore] {
        [
            CriterionScore(id: "imagery", score: imagery, weight: 2),
            CriterionScore(id: "form", score: form, weight: 1),
        ]
    }

    private static let notFound = "no JSON object with \"criteria\" was found in the answer"
    private static let good = #"{"criteria": {"imagery": {"score": 4, "reason": "a {frog}"}, "form": {"score": 0.5}}}"#

    @Test(
        "an answer is found in plain JSON, in a code fence and in prose",
        arguments: [
            (good, nil),
            ("  \n" + good + "\n", nil),
            ("```json\n" + good + "\n```", .codeFence),
            ("Here you are:\n\n```\n" + good + "\n```\nAnything else?", .codeFence),
            ("Sure! " + good + " Hope that helps {really}.", .embedded),
            ("The form {criteria} was clear.\n" + good, .embedded),
            ("I think { so: " + good, .embedded),
            ("First " + good + " and again " + good, .embedded),
            ("```json\n" + good, .embedded),
        ] as [(String, JudgeAnswer.Repair?)])
    func found(text: String, repair: JudgeAnswer.Repair?) {
        let expected = JudgeAnswer(scores: Self.scores(4, 0.5), repair: repair)
        #expect(JudgeAnswer.parse(text, rubric: Self.rubric) == .success(expected))
    }

    @Test(
        "an answer that doesn't score every criterion on its scale is refused with the reason",
        arguments: [
            ("", "the answer is empty"),
            (" \n\t", "the answer is empty"),
            ("I can't judge that.", notFound),
            ("[1, 2]", "the answer is JSON, but not an object"),
            ("{\"scores\": {}}", "\"criteria\" is missing"),
            (#"{"criteria": [4]}"#, "\"criteria\" isn't an object"),
            (#"{"criteria": {"imagery": {"score": 4}}}"#, "the criterion form is missing"),
            (#"{"criteria": {"imagery": {"score": 4}, "form": 1}}"#, "the criterion form has no score"),
            (
                #"{"criteria": {"imagery": {"score": "4"}, "form": {"score": 1}}}"#,
                "the score of imagery isn't a number"
            ),
            (
                #"{"criteria": {"imagery": {"score": 5.5}, "form": {"score": 1}}}"#,
                "the score of imagery is 5.5, off its scale of 1 to 5"
            ),
            (
                #"{"criteria": {"imagery": {"score": 4}, "form": {"score": -0.1}}}"#,
                "the score of form is -0.1, off its scale of 0 to 1"
            ),
            (
                #"Either {"criteria": {"imagery": {"score": 1}}} or {"criteria": {"imagery": {"score": 2}}}"#,
                "the answer gives two different judgements"
            ),
            (#"{"criteria": {"imagery": {"score": 4}, "form""#, notFound),
        ])
    func refused(text: String, reason: String) {
        #expect(JudgeAnswer.parse(text, rubric: Self.rubric) == .failure(.init(reason)))
    }

    @Test("a wall of braces is refused in bounded time")
    func braces() {
        let wall = String(repeating: "{", count: 200_000)
        #expect(JudgeAnswer.parse(wall, rubric: Self.rubric) == .failure(.init(Self.notFound)))
    }
}
