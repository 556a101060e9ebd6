import Foundation
import Testing

@testable import Jobs

/// `CAIRN_SEEDS=10000` runs more; the seed of a failure is printed with it.
@Suite struct UniqueKeySimulationTests {
    /// Parts that run beside one another.
    private static let parts = 10
    private static let seedsOfPart =
        (ProcessInfo.processInfo.environment["CAIRN_SEEDS"].flatMap(Int.init) ?? 1_000) / parts

    @Test(arguments: 0..<parts)
    func `never two jobs have a key at once, whoever acts between whose steps or dies`(part: Int) throws {
        var begun = 0
        var closed = 0
        for seed in (part * Self.seedsOfPart + 1)...((part + 1) * Self.seedsOfPart) {
            var simulation = UniqueKeySimulation(seed: UInt64(seed))
            try simulation.run()
            begun += simulation.begun
            closed += simulation.closed
        }
        // It gets to where it matters.
        #expect(begun > Self.seedsOfPart * 2 && closed > Self.seedsOfPart)
    }
}
