import DeciderTestSupport
import Determinism
import Testing

@testable import Jobs

@Suite struct QueueControlTests {
    private let paused = QueueEvent.paused(QueuePaused(by: "me", note: "no disk"))

    private func decide(_ command: QueueControl.Command, after history: [QueueEvent] = []) -> [QueueEvent]? {
        try? decision(QueueControl.self, given: history, when: command).get()
    }

    @Test func `is paused and resumed once, by whoever came first`() {
        let resumed = QueueEvent.resumed(QueueResumed(by: "me"))
        let noted = QueueEvent.resumed(QueueResumed(by: "me", note: "mended"))
        #expect(decide(.resume(by: "me")) == [])
        #expect(decide(.resume(by: "me", note: "mended"), after: [paused]) == [noted])
        #expect(decide(.pause(by: "me", note: "no disk")) == [paused])
        #expect(decide(.pause(by: "you", note: nil), after: [paused]) == [])
        #expect(decide(.resume(by: "me"), after: [paused]) == [resumed])
        #expect(decide(.resume(by: "you"), after: [paused, resumed]) == [])
        #expect(decide(.pause(by: "me", note: "no disk"), after: [paused, resumed]) == [paused])
    }

    @Test func `settings take the place of earlier ones, and the same again are no event`() {
        func configured(_ concurrency: Int?, _ isDraining: Bool) -> QueueEvent {
            .configured(QueueConfigured(by: "me", concurrency: concurrency, isDraining: isDraining))
        }
        func configure(_ concurrency: Int?, _ draining: Bool) -> QueueControl.Command {
            .configure(concurrency: concurrency, draining: draining, by: "me")
        }
        #expect(decide(configure(nil, false)) == [])
        #expect(decide(configure(4, false)) == [configured(4, false)])
        let history = [configured(4, false), paused, configured(4, true)]
        #expect(decide(configure(4, true), after: history) == [])
        #expect(decide(configure(nil, false), after: history) == [configured(nil, false)])
        let expected = QueueControl.State(
            concurrency: 4, isDraining: true, pause: QueuePaused(by: "me", note: "no disk"))
        #expect(state(of: QueueControl.self, given: history) == expected)
    }

    @Test(arguments: [0, -1])
    func `no concurrency is no setting`(concurrency: Int) {
        #expect(
            decision(
                QueueControl.self, given: [],
                when: .configure(concurrency: concurrency, draining: false, by: "me"))
                == .failure(.concurrencyBelowOne))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a command that applied gives no events when repeated`(seed: UInt64) {
        let violation = randomWalk(QueueControl.self, seed: seed, steps: 300) { generator, _ in
            switch generator.uniform(below: 3) {
            case 0: .pause(by: "me", note: nil)
            case 1: .resume(by: "me")
            default:
                .configure(
                    concurrency: generator.uniform(below: 2) == 0 ? nil : 4,
                    draining: generator.uniform(below: 2) == 0, by: "me")
            }
        }
        #expect(violation == nil, "\(violation.map { "\($0)" } ?? "")")
    }
}
