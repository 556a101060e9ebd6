import Testing

@testable import HTTPTransport

@Suite struct OriginCapacityTests {
    private enum Event {
        case reach(CInt)
        case plain(CInt)
        case release(CInt?)
        case answered(CInt, shares: Bool)
    }

    /// How many may run after each event, with at most 50 transfers and 4 streams on a connection.
    private func capacities(_ events: [Event], connections: Int? = nil) -> [Int] {
        var capacity = OriginCapacity(
            limits: .init(transfers: 50, connections: connections, streamsPerConnection: 4))
        return [capacity.transfers]
            + events.map { event in
                switch event {
                case .reach(let connection): capacity.reach(connection, mayShare: true)
                case .plain(let connection): capacity.reach(connection, mayShare: false)
                case .release(let connection): capacity.release(connection)
                case .answered(let connection, let shares): capacity.release(connection, shares: shares)
                }
                return capacity.transfers
            }
    }

    @Test func `one goes ahead, a second shows whether connections are shared`() {
        #expect(capacities([.reach(1), .reach(1)]) == [1, 2, 5])
        #expect(capacities([.reach(1), .reach(2)]) == [1, 2, 50])
        #expect(capacities([.plain(1)]) == [1, 50])
        #expect(capacities([.reach(1), .reach(2)], connections: 3) == [1, 2, 3])
    }

    @Test func `a connection that serves one after the other isn't shared`() {
        #expect(capacities([.reach(1), .release(1), .reach(1), .release(1), .reach(1)]) == [1, 2, 2, 2, 2, 2])
    }

    @Test func `a response settles whether connections are shared`() {
        #expect(capacities([.reach(1), .reach(1), .answered(1, shares: false)]) == [1, 2, 5, 50])
        #expect(capacities([.reach(1), .answered(1, shares: false), .reach(1), .reach(1)]) == [1, 2, 50, 50, 50])
        #expect(capacities([.reach(1), .reach(2), .answered(1, shares: true)]) == [1, 2, 50, 5])
        #expect(capacities([.plain(1), .plain(1), .plain(1)]) == [1, 50, 50, 50])
    }

    @Test func `when shared connections are full one goes ahead to open the next`() {
        let four: [Event] = [.reach(1), .reach(1), .reach(1), .reach(1)]
        #expect(capacities(four + [.reach(2), .reach(2)]) == [1, 2, 5, 5, 5, 9, 9])
        #expect(capacities(four + [.reach(2), .reach(2)], connections: 2) == [1, 2, 5, 5, 5, 8, 8])
        #expect(capacities([.reach(1), .reach(1), .release(1), .release(1)]) == [1, 2, 5, 5, 1])
    }

    @Test func `a server that allows fewer streams than we do is seen, and one that allows more again too`() {
        #expect(capacities([.reach(1), .reach(1), .reach(2)]) == [1, 2, 5, 5])
        #expect(capacities([.reach(1), .reach(1), .reach(2), .reach(2), .reach(1)]) == [1, 2, 5, 5, 5, 7])
    }

    @Test func `where nobody gets a connection all may try`() {
        #expect(capacities([.release(nil)]) == [1, 50])
        #expect(capacities([.reach(1), .reach(1), .release(nil)]) == [1, 2, 5, 5])
    }
}
