import Testing

@testable import HTTPTransport

@Suite struct AdmissionQueueTests {
    private func queue(limit: Int, perOrigin: Int, _ origins: [String]) -> AdmissionQueue<Int> {
        var queue = AdmissionQueue<Int>(limit: limit, limits: limits(perOrigin))
        for (number, origin) in origins.enumerated() { queue.enqueue(number, key: UInt64(number), origin: origin) }
        for origin in Set(origins).sorted() { queue.reach(origin: origin, connection: 0, mayShare: false) }
        return queue
    }

    private func limits(_ transfers: Int) -> OriginCapacity.Limits {
        OriginCapacity.Limits(transfers: transfers, connections: nil, streamsPerConnection: 1)
    }

    private func admitted(_ queue: inout AdmissionQueue<Int>) -> [Int] {
        var all: [Int] = []
        while let next = queue.admit() { all.append(next) }
        return all
    }

    @Test func `one origin is served in order up to its limit`() {
        var queue = queue(limit: 10, perOrigin: 2, ["a", "a", "a", "a"])
        #expect(admitted(&queue) == [0, 1])
        queue.release(origin: "a", connection: nil)
        #expect(admitted(&queue) == [2])
        queue.release(origin: "a", connection: nil)
        queue.release(origin: "a", connection: nil)
        #expect(admitted(&queue) == [3])
    }

    @Test func `one goes ahead to an origin, and the others follow once it has a connection`() {
        var queue = AdmissionQueue<Int>(limit: 10, limits: limits(3))
        for number in 0..<8 { queue.enqueue(number, key: UInt64(number), origin: number < 4 ? "a" : "b") }
        #expect(admitted(&queue) == [0, 4])
        queue.reach(origin: "a", connection: 7, mayShare: false)
        #expect(admitted(&queue) == [1, 2])
        queue.reach(origin: "a", connection: 8, mayShare: false)
        queue.reach(origin: "c", connection: 9, mayShare: false)
        #expect(admitted(&queue) == [])
    }

    @Test func `one that ends without a connection lets the others try too`() {
        var queue = AdmissionQueue<Int>(limit: 10, limits: limits(3))
        for number in 0..<5 { queue.enqueue(number, key: UInt64(number), origin: "a") }
        #expect(admitted(&queue) == [0])
        queue.release(origin: "a", connection: nil)
        #expect(admitted(&queue) == [1, 2, 3])
        for _ in 1...3 { queue.release(origin: "a", connection: nil) }
        #expect(admitted(&queue) == [4])
        queue.release(origin: "a", connection: nil)
        // What was learned stays when the line is empty.
        for number in 5..<8 { queue.enqueue(number, key: UInt64(number), origin: "a") }
        #expect(admitted(&queue) == [5, 6, 7])
    }

    @Test func `origins take turns, and a long line doesn't hold up another`() {
        var queue = queue(limit: 4, perOrigin: 4, ["a", "a", "a", "a", "b", "b"])
        #expect(admitted(&queue) == [0, 4, 1, 5])
        queue.release(origin: "b", connection: nil)
        #expect(admitted(&queue) == [2])
    }

    @Test func `a full origin leaves room for others`() {
        var queue = queue(limit: 4, perOrigin: 1, ["a", "a", "b", "c"])
        #expect(admitted(&queue) == [0, 2, 3])
        #expect(!queue.canAdmit)
    }

    @Test func `a withdrawn one is skipped and takes no place`() {
        var queue = queue(limit: 1, perOrigin: 1, ["a", "a", "a"])
        #expect(queue.admit() == 0)
        #expect(queue.withdraw(1) == 1)
        #expect(queue.withdraw(1) == nil)
        #expect(queue.withdraw(0) == nil)
        queue.release(origin: "a", connection: nil)
        #expect(queue.admit() == 2)
        queue.release(origin: "a", connection: nil)
        #expect(queue.admit() == nil)
        #expect(queue.running == 0)
    }

    @Test func `all that wait are withdrawn in the order they came`() {
        var queue = queue(limit: 1, perOrigin: 1, ["b", "a", "b", "c"])
        #expect(queue.admit() == 0)
        #expect(queue.withdrawAll() == [1, 2, 3])
        #expect(queue.admit() == nil)
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `on a random walk limits hold, order holds and everything is admitted once or withdrawn`(seed: UInt64) {
        var random = SplitMix(state: seed)
        let origins = ["a", "b", "c"]
        var queue = AdmissionQueue<Int>(limit: 5, limits: limits(3))
        var origin: [String] = []
        var running: [String: Int] = [:]
        var lastAdmitted: [String: Int] = [:]
        var left: Set<Int> = []
        for _ in 0..<600 {
            switch random.next() % 8 {
            case 0...2:
                let name = origins[Int(random.next() % 3)]
                queue.enqueue(origin.count, key: UInt64(origin.count), origin: name)
                left.insert(origin.count)
                origin.append(name)
            case 3...4:
                guard let number = queue.admit() else { continue }
                let name = origin[number]
                #expect(left.remove(number) != nil)
                #expect(lastAdmitted[name, default: -1] < number)
                lastAdmitted[name] = number
                running[name, default: 0] += 1
            case 5:
                guard let number = left.sorted().randomElement(using: &random) else { continue }
                #expect(queue.withdraw(UInt64(number)) == number)
                left.remove(number)
            default:
                let name = origins[Int(random.next() % 3)]
                guard running[name, default: 0] > 0 else { continue }
                running[name, default: 0] -= 1
                queue.release(origin: name, connection: nil)
            }
            #expect(queue.running == running.values.reduce(0, +))
            #expect(queue.running <= 5)
            #expect(running.values.allSatisfy { $0 <= 3 })
        }
        for (name, count) in running { for _ in 0..<count { queue.release(origin: name, connection: nil) } }
        while !left.isEmpty {
            guard let number = queue.admit() else {
                Issue.record("seed \(seed): \(left.count) are never admitted")
                return
            }
            #expect(left.remove(number) != nil)
            queue.release(origin: origin[number], connection: nil)
        }
        #expect(queue.admit() == nil)
    }
}
