import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Testing

@Suite struct DecisionTests {
    private let opened = DoorEvent.opened(DoorOpened(by: "me", closes: Timestamp(microseconds: 1_000_000)))

    @Test func `a history gives the state that the decision is made in`() {
        #expect(decision(Door.self, given: [], when: .open(by: "me", at: .epoch)) == .success([opened]))
        #expect(
            decision(Door.self, given: [opened], when: .open(by: "you", at: .epoch)) == .failure(.heldBy("me")))
        #expect(state(of: Door.self, given: [opened, .closed(DoorClosed())]) == .closed)
    }

    @Test func `the same command again gives no events`() {
        #expect(repeatedDecision(Door.self, given: [], when: .open(by: "me", at: .epoch)) == .success([]))
        #expect(repeatedDecision(Door.self, given: [opened], when: .close) == .success([]))
    }

    @Test(arguments: [61, 62, 63] as [UInt64])
    func `no random history makes a repeated command do something`(seed: UInt64) {
        let violation = randomWalk(Door.self, seed: seed, steps: 500) { generator, _ in
            let time = Timestamp(microseconds: Int64(generator.uniform(below: 5_000_000)))
            let who = ["a", "b", "c"][Int(generator.uniform(below: 3))]
            return generator.uniform(below: 4) == 0 ? .close : .open(by: who, at: time)
        }
        #expect(violation == nil)
    }

    @Test func `a decider that repeats itself is found out`() {
        let violation = randomWalk(Careless.self, seed: 1, steps: 5) { _, _ in .knock }
        #expect(violation?.rule.hasPrefix("repeated, it gives") == true)
    }
}

/// Opens the door each time that somebody knocks.
private enum Careless: Decider {
    enum Command: Sendable { case knock }
    enum Refusal: Error, Equatable {}

    static let category = "careless"
    static let initial = 0
    static func evolve(_ state: Int, _ event: DoorEvent) -> Int { state + 1 }
    static func decide(_ command: Command, _ state: Int) throws(Refusal) -> [DoorEvent] { [.closed(DoorClosed())] }
}
