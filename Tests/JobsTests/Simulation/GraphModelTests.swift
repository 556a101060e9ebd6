import Foundation
import Testing

@testable import Jobs

/// Random flows with failures, cancels and retries; `CAIRN_SEEDS=10000` tries more, and `CAIRN_SEED=n` one of them.
@Suite struct GraphModelTests {
    /// Parts that run beside one another.
    private static let parts = 4

    private static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let one = environment["CAIRN_SEED"].flatMap(UInt64.init) { return [one] }
        return Array(1...(environment["CAIRN_SEEDS"].flatMap(UInt64.init) ?? 500))
    }()

    @Test(arguments: 0..<parts)
    func `every job of every graph ends, and every skip names what failed`(part: Int) throws {
        for seed in Self.seeds where Int(seed) % Self.parts == part {
            var model = GraphModel(seed: seed)
            try model.run(isThorough: seed % 16 == 0 || Self.seeds.count == 1)
        }
    }
}
