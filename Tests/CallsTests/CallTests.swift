import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Providers
import Testing

@testable import Calls

@Suite struct CallTests {
    private let unknown = CallEvent.outcomeUnknown(CallOutcomeUnknown(attempt: 1, started: Position(7)))

    @Test func `the intent comes first`() {
        #expect(
            decision(Call.self, given: [], when: .start(Sample.intent(), at: Sample.at(0)))
                == .success([Sample.started()]))
        #expect(
            decision(Call.self, given: [], when: .complete(Sample.completed(), by: Sample.a)) == .failure(.notStarted))
    }

    @Test func `an answer ends it`() {
        let answered = CallEvent.completed(Sample.completed())
        #expect(
            decision(Call.self, given: [Sample.started()], when: .complete(Sample.completed(), by: Sample.a))
                == .success([answered]))
        #expect(
            decision(Call.self, given: [Sample.started(), answered], when: .start(Sample.intent(), at: Sample.at(9)))
                == .failure(.alreadyAnswered))
    }

    @Test func `only the worker that sent it can say what came of it`() {
        let given = [Sample.started(by: Sample.a)]
        #expect(
            decision(Call.self, given: given, when: .complete(Sample.completed(), by: Sample.b))
                == .failure(.superseded))
        #expect(decision(Call.self, given: given, when: .fail(Sample.failed(), by: Sample.b)) == .failure(.superseded))
        #expect(
            decision(Call.self, given: given, when: .start(Sample.intent(by: Sample.b), at: Sample.at(9)))
                == .failure(.inFlight(Sample.a)))
    }

    @Test func `an answer that comes after its outcome was declared unknown doesn't count`() {
        #expect(
            decision(
                Call.self, given: [Sample.started(), unknown], when: .complete(Sample.completed(), by: Sample.a))
                == .failure(.superseded))
    }

    @Test func `after a failure or an unknown outcome a retry is decided, waited for, and sent`() {
        let retry = CallEvent.retryDecided(CallRetryDecided(attempt: 2, delay: .seconds(3), notBefore: Sample.at(13)))
        for end in [CallEvent.failed(Sample.failed()), unknown] {
            let given = [Sample.started(), end]
            #expect(
                decision(Call.self, given: given, when: .decideRetry(after: 1, at: Sample.at(10), delay: .seconds(3)))
                    == .success([retry]))
            #expect(
                decision(Call.self, given: given + [retry], when: .start(Sample.intent(), at: Sample.at(12)))
                    == .failure(.notDue(Sample.at(13))))
            #expect(
                decision(Call.self, given: given + [retry], when: .start(Sample.intent(), at: Sample.at(13)))
                    == .success([Sample.started(2)]))
        }
    }

    @Test func `an unknown outcome must be dealt with before anything is sent`() {
        #expect(
            decision(Call.self, given: [Sample.started(), unknown], when: .start(Sample.intent(), at: Sample.at(9)))
                == .failure(.undecided))
    }

    @Test func `a permanent failure has no retry, but the question may be asked afresh`() {
        let given = [Sample.started(), .failed(Sample.failed(1, .auth))]
        #expect(
            decision(Call.self, given: given, when: .decideRetry(after: 1, at: Sample.at(1), delay: .zero))
                == .failure(.nothingToRetry))
        #expect(
            decision(Call.self, given: given, when: .start(Sample.intent(), at: Sample.at(1)))
                == .success([Sample.started(2)]))
    }

    @Test func `counts failures since the question was last asked afresh, and those alike in a row`() throws {
        let retry = CallEvent.retryDecided(CallRetryDecided(attempt: 2, delay: .zero, notBefore: Sample.at(0)))
        let history: [CallEvent] = [
            Sample.started(), .failed(Sample.failed(1, .timeout)), retry, Sample.started(2),
            .failed(Sample.failed(2, .malformedResponse)), retry, Sample.started(3),
            .failed(Sample.failed(3, .malformedResponse)),
        ]
        guard case .known(let call) = state(of: Call.self, given: history) else { return #expect(Bool(false)) }
        #expect((call.failures, call.alike) == (3, 2))
        let afresh = history + [Sample.started(4), .failed(Sample.failed(4, .timeout))]
        guard case .known(let again) = state(of: Call.self, given: afresh) else { return #expect(Bool(false)) }
        #expect((again.failures, again.alike) == (1, 1))
    }

    @Test(arguments: [31, 32, 33] as [UInt64])
    func `a command that applied gives no events when repeated`(seed: UInt64) {
        let violation = randomWalk(Call.self, seed: seed, steps: 300) { generator, state in
            let worker = generator.uniform(below: 2) == 0 ? Sample.a : Sample.b
            var attempt = 1
            if case .known(let call) = state { attempt = call.started.attempt }
            let now = Sample.at(Int64(generator.uniform(below: 50)))
            return switch generator.uniform(below: 6) {
            case 0, 1: .start(Sample.intent(by: worker), at: now)
            case 2: .fail(Sample.failed(attempt), by: worker)
            case 3: .declareUnknown(attempt: attempt, started: Position(3))
            case 4: .decideRetry(after: attempt, at: now, delay: .seconds(1))
            default:
                generator.uniform(below: 20) == 0
                    ? .complete(Sample.completed(attempt), by: worker)
                    : .fail(Sample.failed(attempt, .auth), by: worker)
            }
        }
        #expect(violation == nil, "\(violation.map { "\($0)" } ?? "")")
    }
}
