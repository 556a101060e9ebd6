import DeciderTestSupport
import Determinism
import Scoring
import Testing

@Suite("Score")
struct ScoreTests {
    private let labels = ScoreLabels(judge: "j", model: "m", sample: 1, scenario: "s")

    private func computed(round: Int, total: Double = 0.5) -> ScoreComputed {
        ScoreComputed(criteria: [], labels: labels, repair: nil, round: round, rubric: Digest(of: "r"), total: total)
    }

    private func refused(round: Int) -> ScoreRefused { ScoreRefused(labels: labels, reason: "why", round: round) }

    @Test("a judge is asked round by round until an answer can be used")
    func rounds() {
        #expect(state(of: Score.self, given: []).nextRound == 0)
        #expect(state(of: Score.self, given: [.refused(refused(round: 0))]).nextRound == 1)
        #expect(
            state(of: Score.self, given: [.refused(refused(round: 0)), .computed(computed(round: 1))]).nextRound == nil)
    }

    @Test("what applies is recorded, and repeating it records nothing")
    func repeating() {
        let history: [ScoreEvent] = [.refused(refused(round: 0))]
        for command in [Score.Command.compute(computed(round: 1)), .refuse(refused(round: 1))] {
            #expect((try? decision(Score.self, given: history, when: command).get())?.count == 1)
            #expect(repeatedDecision(Score.self, given: history, when: command) == .success([]))
        }
    }

    @Test("a score that stands isn't replaced, and no round is left out")
    func standing() {
        let standing: [ScoreEvent] = [.computed(computed(round: 0))]
        #expect(
            decision(Score.self, given: standing, when: .compute(computed(round: 0, total: 0.6)))
                == .failure(.alreadyComputed(round: 0)))
        #expect(
            decision(Score.self, given: standing, when: .refuse(refused(round: 1)))
                == .failure(.alreadyComputed(round: 0)))
        #expect(decision(Score.self, given: [], when: .compute(computed(round: 1))) == .failure(.otherRound(due: 0)))
    }
}
