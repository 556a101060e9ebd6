import Determinism
import Testing

@Suite struct TimeSourceTests {
    @Test("the system's time is strictly increasing, also when many ask at once")
    func system() async {
        let source = TimeSource.system
        let times = await withTaskGroup(of: [Timestamp].self) { group in
            for _ in 0..<4 { group.addTask { (0..<500).map { _ in source.time() } } }
            return await group.reduce(into: [[Timestamp]]()) { $0.append($1) }
        }
        for times in times { #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 }) }
        #expect(Set(times.joined()).count == 2_000)
        #expect(source.time() > Timestamp(microseconds: 1_700_000_000_000_000))
    }

    @Test("a recording gives its times in order")
    func recorded() {
        let times = [5, 3, 9].map { Timestamp(microseconds: $0) }
        let source = TimeSource.recorded(times)
        #expect((0..<3).map { _ in source.time() } == times)
    }

    @Test("more questions than recorded times stop the program")
    func exhausted() async {
        await #expect(processExitsWith: .failure) { _ = TimeSource.recorded([]).time() }
    }

    @Test("a virtual clock stands still until it is moved, and never goes back")
    func virtual() {
        let clock = VirtualClock(.epoch)
        let source = TimeSource.virtual(clock)
        #expect(source.time() == .epoch)
        #expect(source.time() == .epoch)
        clock.advance(by: .seconds(2))
        #expect(source.time() == Timestamp(microseconds: 2_000_000))
        clock.advance(to: Timestamp(microseconds: 5))
        #expect(source.time() == Timestamp(microseconds: 2_000_000))
        clock.advance(to: Timestamp(microseconds: 3_000_000))
        #expect(source.time() == Timestamp(microseconds: 3_000_000))
    }
}
