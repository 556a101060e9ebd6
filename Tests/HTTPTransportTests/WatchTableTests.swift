import Testing

@testable import HTTPTransport

@Suite struct WatchTableTests {
    private enum Event {
        case opened
        case closes
        case wants(WatchTable.Interest)
        case happened
    }

    /// The changes that these events at socket 5 lead to.
    private func changes(_ events: [Event]) -> [WatchTable.Change] {
        var table = WatchTable()
        return events.map { event in
            switch event {
            case .opened:
                table.opened(5)
                return .none
            case .closes: return table.closes(5)
            case .wants(let interest): return table.wants(interest, of: 5)
            case .happened: return table.happened(at: 5).change
            }
        }
    }

    @Test func `each event leads to its change`() {
        let table: [(events: [Event], changes: [WatchTable.Change])] = [
            // A connection: writable when connected, then read, and kept between requests.
            (
                [
                    .opened, .wants(.writing), .wants(.reading), .wants([]), .wants(.reading),
                    .wants([.reading, .writing]),
                ],
                [.none, .add(.writing), .modify(.reading), .none, .none, .modify([.reading, .writing])]
            ),
            // One that the server closes while it is kept is heard of once.
            (
                [.opened, .wants(.reading), .wants([]), .happened, .happened],
                [.none, .add(.reading), .none, .remove, .none]
            ),
            (
                [.opened, .wants(.reading), .wants([]), .happened, .wants(.reading)],
                [.none, .add(.reading), .none, .remove, .add(.reading)]
            ),
            ([.opened, .wants(.reading), .closes, .closes], [.none, .add(.reading), .remove, .none]),
            ([.opened, .closes], [.none, .none]),
            // What a resolver opened is forgotten at once: nobody says when it closes.
            (
                [.wants(.reading), .happened, .wants([]), .wants(.reading)],
                [.add(.reading), .none, .remove, .add(.reading)]
            ),
            ([.wants([]), .happened], [.none, .none]),
            ([.closes, .happened], [.none, .none]),
            // The number comes again for another.
            (
                [.opened, .wants(.reading), .closes, .opened, .wants(.reading)],
                [.none, .add(.reading), .remove, .none, .add(.reading)]
            ),
        ]
        for row in table { #expect(changes(row.events) == row.changes, "\(row.events)") }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `on a random walk the kernel watches what is waited for, and closed sockets never`(seed: UInt64) {
        var random = SplitMix(state: seed)
        var table = WatchTable()
        var watched: [Int: WatchTable.Interest] = [:]
        var wanted: [Int: WatchTable.Interest] = [:]
        var open: Set<Int> = []
        func perform(_ change: WatchTable.Change, _ socket: Int) {
            switch change {
            case .none: break
            case .add(let interest):
                #expect(watched[socket] == nil)
                watched[socket] = interest
            case .modify(let interest):
                #expect(watched[socket] != nil)
                watched[socket] = interest
            case .remove:
                #expect(watched[socket] != nil)
                watched[socket] = nil
            }
        }
        for _ in 0..<500 {
            let socket = Int(random.next() % 4)
            switch random.next() % 5 {
            case 0 where !open.contains(socket):
                table.opened(socket)
                open.insert(socket)
            case 1 where open.contains(socket):
                perform(table.closes(socket), socket)
                open.remove(socket)
                wanted[socket] = nil
            case 2...3 where open.contains(socket):
                let interest = WatchTable.Interest(rawValue: UInt8(random.next() % 4))
                perform(table.wants(interest, of: socket), socket)
                wanted[socket] = interest
            case 4:
                let (told, change) = table.happened(at: socket)
                perform(change, socket)
                #expect(told == wanted[socket, default: []])
                if told.isEmpty { #expect(watched[socket] == nil) }
            default: break
            }
            for (socket, interest) in wanted where !interest.isEmpty { #expect(watched[socket] == interest) }
            #expect(watched.keys.allSatisfy { open.contains($0) })
        }
    }
}
