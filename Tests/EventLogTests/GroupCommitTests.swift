import Determinism
import Testing

@testable import EventLog

@Suite struct GroupCommitTests {
    private typealias Machine = GroupCommit<Int, Int>

    private static let limits = GroupLimits(roomBytes: 100, roomCount: 4, groupBytes: 50, groupCount: 3)

    private static func one(_ bytes: Int) -> AppendSize { AppendSize(bytes: bytes, commits: 1) }

    @Test func `appends share a group up to its bytes`() {
        var machine = Machine(limits: Self.limits)
        for entry in 1...3 {
            #expect(machine.ask(Self.one(25)) == .admitted)
            machine.enqueue(entry, Self.one(25))
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
            #expect(machine.ask(Self.one(1)) == .admitted)
            machine.enqueue(entry, Self.one(1))
        }
        #expect(machine.takeGroup() == [1, 2, 3])
    }

    @Test func `the writer expects as many as the last group had, and is told when they are there`() {
        var machine = Machine(limits: Self.limits)
        func enqueue(_ count: Int) -> [Bool] {
            (0..<count).map { entry in
                #expect(machine.ask(Self.one(1)) == .admitted)
                return machine.enqueue(entry, Self.one(1))
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
        #expect(machine.ask(Self.one(1)) == .admitted)
        machine.enqueue(1, Self.one(1))
        let isReadyBefore = machine.isReady(2)
        _ = machine.close()
        let isReadyAfter = machine.isReady(2)
        #expect(!isReadyBefore && isReadyAfter)
    }

    @Test func `without room an append waits, and gets room in its turn`() {
        var machine = Machine(limits: Self.limits)
        #expect(machine.ask(Self.one(90)) == .admitted)
        #expect(machine.ask(Self.one(11)) == .full)
        #expect(machine.askOrWait(Self.one(60), ticket: 7) == .full)
        #expect(machine.askOrWait(Self.one(5), ticket: 8) == .full)
        machine.enqueue(1, Self.one(90))
        #expect(machine.takeGroup() == [1])
        #expect(machine.finishGroup() == [7, 8])
        #expect(machine.room.bytes == 65)
    }

    @Test func `one append larger than all room goes alone`() {
        var machine = Machine(limits: Self.limits)
        #expect(machine.ask(Self.one(1_000)) == .admitted)
        #expect(machine.ask(Self.one(1)) == .full)
        machine.enqueue(1, Self.one(1_000))
        #expect(machine.takeGroup() == [1])
    }

    @Test func `an append that fails to encode gives its room back`() {
        var machine = Machine(limits: Self.limits)
        #expect(machine.ask(Self.one(100)) == .admitted)
        #expect(machine.askOrWait(Self.one(10), ticket: 7) == .full)
        #expect(machine.withdraw(Self.one(100)) == [7])
    }

    @Test func `closing turns away who waits, and lets the admitted finish`() {
        var machine = Machine(limits: Self.limits)
        #expect(machine.ask(Self.one(100)) == .admitted)
        #expect(machine.askOrWait(Self.one(10), ticket: 7) == .full)
        #expect(machine.close() == [7])
        #expect(machine.ask(Self.one(1)) == .closed)
        #expect(!machine.isDrained)
        machine.enqueue(1, Self.one(100))
        #expect(machine.takeGroup() == [1])
        _ = machine.finishGroup()
        #expect(machine.isDrained)
    }

    @Test func `an append of several commits counts as many, and shares a group if all of it fits`() {
        var machine = Machine(limits: Self.limits)
        #expect(machine.ask(AppendSize(bytes: 10, commits: 2)) == .admitted)
        #expect(machine.ask(AppendSize(bytes: 10, commits: 2)) == .admitted)
        #expect(machine.ask(Self.one(1)) == .full)
        machine.enqueue(1, AppendSize(bytes: 10, commits: 2))
        machine.enqueue(2, AppendSize(bytes: 10, commits: 2))
        #expect(machine.takeGroup() == [1])
        #expect(machine.finishGroup() == [])
        #expect(machine.ask(Self.one(1)) == .admitted)
        #expect(machine.room == AppendSize(bytes: 11, commits: 3))
    }

    @Test(
        arguments: [
            ([], []), ([10], [0..<1]), ([200], [0..<1]), ([10, 10, 10], [0..<2, 2..<3]),
            ([25, 25, 1], [0..<2, 2..<3]), ([25, 26, 24], [0..<1, 1..<3]), ([1, 200, 1], [0..<1, 1..<2, 2..<3]),
        ] as [([Int], [Range<Int>])])
    func `the commits of one call ask for room in parts that fit into a group`(
        _ sizes: [Int], _ parts: [Range<Int>]
    ) {
        var limits = Self.limits
        limits.partCount = 2
        #expect(limits.parts(of: sizes) == parts)
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
                if machine.askOrWait(Self.one(bytes[next] ?? 0), ticket: next) == .admitted { admitted.append(next) }
            case 1 where !admitted.isEmpty:
                let entry = admitted.removeFirst()
                machine.enqueue(entry, Self.one(bytes[entry] ?? 0))
                queued.append(entry)
            case 2 where !admitted.isEmpty:
                let entry = admitted.removeLast()
                admitted += machine.withdraw(Self.one(bytes[entry] ?? 0))
            default:
                let group = machine.takeGroup()
                #expect(group == Array(queued.prefix(group.count)))
                #expect(group.isEmpty == queued.isEmpty)
                queued.removeFirst(group.count)
                taken += group
                admitted += machine.finishGroup()
            }
            let held = (admitted + queued).reduce(0) { $0 + (bytes[$1] ?? 0) }
            #expect(machine.room.bytes == held)
            #expect(machine.room.commits == admitted.count + queued.count)
            #expect(machine.room.bytes <= Self.limits.roomBytes && machine.room.commits <= Self.limits.roomCount)
        }
        #expect(taken.count > 1_000)
    }
}
