import Determinism
import EventLog
import Projections
import Testing

@Suite struct CatchUpTests {
    @Test func `read models at one position are fed together, up to where the next one stands`() {
        var machine = CatchUp(
            from: [(Position(0), false), (Position(30), false), (Position(0), false)], to: Position(100), batch: 50)
        #expect(machine.next() == .feed([0, 2], from: Position(0), to: Position(30)))
        for track in [0, 2] { machine.moved(track, to: Position(30), isBuilding: false) }
        #expect(machine.next() == .feed([0, 1, 2], from: Position(30), to: Position(80)))
        for track in 0...2 { machine.moved(track, to: Position(80), isBuilding: false) }
        #expect(machine.next() == .feed([0, 1, 2], from: Position(80), to: Position(100)))
        for track in 0...2 { machine.moved(track, to: Position(100), isBuilding: false) }
        #expect(machine.next() == .finished)
        #expect(machine.tracks.map(\.phase) == [.live, .live, .live])
    }

    @Test func `what was never complete takes over at the end, also of an empty log`() {
        var machine = CatchUp(from: [(Position(0), true)], to: Position(0), batch: 10)
        #expect(machine.tracks[0].phase == .building)
        #expect(machine.next() == .takeOver(0))
        machine.moved(0, to: Position(0), isBuilding: false)
        #expect(machine.next() == .finished)
        #expect(machine.tracks[0].phase == .live)
    }

    @Test func `a stopped track holds up nobody`() {
        var machine = CatchUp(from: [(Position(0), false), (Position(0), true)], to: Position(5), batch: 10)
        machine.failed(1)
        #expect(machine.next() == .feed([0], from: Position(0), to: Position(5)))
        machine.moved(0, to: Position(5), isBuilding: false)
        #expect(machine.next() == .finished)
        #expect(machine.tracks.map(\.phase) == [.live, .stopped])
    }

    @Test func `a track beyond the target is live`() {
        let machine = CatchUp(from: [(Position(9), false)], to: Position(5), batch: 10)
        #expect(machine.next() == .finished)
        #expect(machine.tracks[0].phase == .live)
    }

    @Test(arguments: [5, 6, 7, 8] as [UInt64])
    func `whatever happens, each track sees every position once and in order`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let target = Position(200)
        let starts = (0..<5).map { _ in
            (position: Position(generator.uniform(below: 220)), isBuilding: generator.uniform(below: 2) == 0)
        }
        var machine = CatchUp(from: starts, to: target, batch: 17)
        var seen = starts.map(\.position)
        var building = starts.map(\.isBuilding)
        for _ in 0..<1_000 {
            switch machine.next() {
            case .feed(let group, let from, let end):
                #expect(from < end && end <= target, "seed \(seed)")
                for track in group {
                    #expect(seen[track] == from, "seed \(seed)")
                    // Now and then another process was faster.
                    seen[track] = generator.uniform(below: 5) == 0 ? min(target, Position(from.rawValue + 40)) : end
                    machine.moved(track, to: seen[track], isBuilding: building[track])
                }
            case .takeOver(let track):
                #expect(building[track] && seen[track] >= target, "seed \(seed)")
                building[track] = false
                machine.moved(track, to: seen[track], isBuilding: false)
            case .finished:
                #expect(seen.allSatisfy { $0 >= target } && !building.contains(true), "seed \(seed)")
                return
            }
        }
        Issue.record("seed \(seed): it never finished")
    }
}
