import Foundation
import Testing

@testable import Jobs

/// The whole queue under a virtual clock with faults; `CAIRN_SEEDS=10000` runs more, and `CAIRN_SEED=n` one of them.
@Suite struct QueueSimulationTests {
    /// Parts that run beside one another.
    private static let parts = 10

    private static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let one = environment["CAIRN_SEED"].flatMap(UInt64.init) { return [one] }
        return Array(1...(environment["CAIRN_SEEDS"].flatMap(UInt64.init) ?? 500))
    }()

    @Test(arguments: 0..<parts)
    func `every job ends once, whatever dies, stalls or jumps`(part: Int) throws {
        for seed in Self.seeds where Int(seed) % Self.parts == part {
            var simulation = QueueSimulation(seed: seed)
            try simulation.run()
        }
    }

    @Test func `a seed gives the same history each time`() throws {
        var first = QueueSimulation(seed: 7)
        var second = QueueSimulation(seed: 7)
        try first.run()
        try second.run()
        #expect(first.history == second.history)
    }
}
