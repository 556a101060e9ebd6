import Determinism
import Testing

@testable import EventLog

@Suite struct GroupCommitTests {
    private typealias Machine = GroupCommit<Int, Int>

    private static let limits = GroupLimits(roomBytes: 100, roomCount: 4, groupBytes: 50, groupCount: 3)

    @Test func `appends share a group up to its bytes`() {
        var machine = Machine(limits: Self.limits)
        for entry in 1...3 {
            #expect(machine.ask(bytes: 25) == .admitted)
            machine.enqueue(entry, bytes: 25)
        }
        #expect(machine.takeGroup() == [1, 2])
        #expect(machine.finishGroup() == [])
        #expect(machine.takeGroup() == [3])
        #expect(machine.finishGroup() == [])
        #expect(machine.isDrained)
    }

    @Test func `appends share a group up to its count`() {
        var machine = Machine(limits: Self.limits)
        for entry in 1...4 {
            #expect(machine.ask(bytes: 1) == .admitted)
            machine.enqueue(entry, bytes: 1)
        }
        #expect(machine.takeGroup() == [1, 2, 3])
    }

    @Test func `the writer expects as many as the last group had, and is told when they are there`() {
        var machine = Machine(limits: Self.limits)
        func enqueue(_ count: Int) -> [Bool] {
            (0..<count).map { entry in
                #expect(machine.ask(bytes: 1) == .admitted)
                return machine.enqueue(entry, bytes: 1)
            }
        }
        func write() {
            _ = machine.takeGroup()
            _ = machine.finishGroup()
        }
        func isReady(_ count: Int) -> Bool { machine.isReady(count) }
        #expect(machine.expectedCount == 1 && !isReady(1))
        #expect(enqueue(3) == [true, false, false])
        #expect(isReady(1))
        write()
        #expect(machine.expectedCount == 3 && !isReady(3))
        #expect(enqueue(1) == [false] && !isReady(3))
        #expect(enqueue(2) == [false, true] && isReady(3))
        write()
        _ = enqueue(1)
        write()
        #expect(machine.expectedCount == 1)
    }

    @Test func `a closed log expects nobody`() {
        var machine = Machine(limits: Self.limits)
        #expect(machine.ask(bytes: 1) == .admitted)
        machine.enqueue(1, bytes: 1)
        let isReadyBefore = machine.isReady(2)
        _ = machine.close()
        let isReadyAfter = machine.isReady(2)
        #expect(!isReadyBefore && isReadyAfter)
    }

    @Test func `without room an append waits, and gets room in its turn`() {
        var machine = Machine(limits: Self.limits)
        #expect(machine.ask(bytes: 90) == .admitted)
        #expect(machine.ask(bytes: 11) == .full)
        #expect(machine.askOrWait(bytes: 60, ticket: 7) == .full)
        #expect(machine.askOrWait(bytes: 5, ticket: 8) == .full)
        machine.enqueue(1, bytes: 90)
        #expect(machine.takeGroup() == [1])
        #expect(machine.finishGroup() == [7, 8])
        #expect(machine.roomBytes == 65)
    }

    @Test func `one append larger than all room goes alone`() {
        var machine = Machine(limits: Self.limits)
        #expect(machine.ask(bytes: 1_000) == .admitted)
        #expect(machine.ask(bytes: 1) == .full)
        machine.enqueue(1, bytes: 1_000)
        #expect(machine.takeGroup() == [1])
    }

    @Test func `an append that fails to encode gives its room back`() {
        var machine = Machine(limits: Self.limits)
        #expect(machine.ask(bytes: 100) == .admitted)
        #expect(machine.askOrWait(bytes: 10, ticket: 7) == .full)
        #expect(machine.withdraw(bytes: 100) == [7])
    }

    @Test func `closing turns away who waits, and lets the admitted finish`() {
        var machine = Machine(limits: Self.limits)
        #expect(machine.ask(bytes: 100) == .admitted)
        #expect(machine.askOrWait(bytes: 10, ticket: 7) == .full)
        #expect(machine.close() == [7])
        #expect(machine.ask(bytes: 1) == .closed)
        #expect(!machine.isDrained)
        machine.enqueue(1, bytes: 100)
        #expect(machine.takeGroup() == [1])
        _ = machine.finishGroup()
        #expect(machine.isDrained)
    }

    @Test func `a random walk keeps bounds and order`() {
        let seed: UInt64 = 20_261_121
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var machine = Machine(limits: Self.limits)
        var next = 0
        var bytes: [Int: Int] = [:]
        var admitted: [Int] = []
        var queued: [Int] = []
        var taken: [Int] = []
        for _ in 0..<20_000 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                next += 1
                bytes[next] = Int.random(in: 1...60, using: &random)
                if machine.askOrWait(bytes: bytes[next] ?? 0, ticket: next) == .admitted { admitted.append(next) }
            case 1 where !admitted.isEmpty:
                let entry = admitted.removeFirst()
                machine.enqueue(entry, bytes: bytes[entry] ?? 0)
                queued.append(entry)
            case 2 where !admitted.isEmpty:
                let entry = admitted.removeLast()
                admitted += machine.withdraw(bytes: bytes[entry] ?? 0)
            default:
                let group = machine.takeGroup()
                #expect(group == Array(queued.prefix(group.count)))
                #expect(group.isEmpty == queued.isEmpty)
                queued.removeFirst(group.count)
                taken += group
                admitted += machine.finishGroup()
            }
            let held = (admitted + queued).reduce(0) { $0 + (bytes[$1] ?? 0) }
            #expect(machine.roomBytes == held)
            #expect(machine.roomCount == admitted.count + queued.count)
            #expect(machine.roomBytes <= Self.limits.roomBytes && machine.roomCount <= Self.limits.roomCount)
        }
        #expect(taken.count > 1_000)
    }
}
