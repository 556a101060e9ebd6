import EventLog
import TestSupport
import Testing

extension FaultTests {
    @Suite struct GrowthTests {
        @Test func `several processes that grow the map at once lose nothing, and readers follow`() throws {
            let directory = try TemporaryDirectory("growth")
            let store = directory.path("store")
            let commits = 150
            let probes = try ["a", "b", "c", "d"].map { try FaultTests.probe("grow", store, $0, "\(commits)") }
            #expect(probes[0].wait(forLines: 1))
            let follower = try FaultTests.probe("subscribe", store, "0")
            let results = probes.map { $0.result() }
            for result in results { #expect(result.lines.last == "done", "\(result.text.suffix(500))") }
            let acknowledged = results.flatMap(Acknowledgement.all)
            #expect(acknowledged.count == probes.count * commits)
            let size = try StoreCheck.expectSound(store, keeps: acknowledged).head.size
            #expect(size == probes.count * commits)
            #expect(follower.wait { $0.hasSuffix(" \(size - 1)\n") })
            let seen = follower.killNow().lines(after: "saw").flatMap { $0.compactMap { UInt64($0) } }
            #expect(seen == Array(0..<size))
        }
    }
}
