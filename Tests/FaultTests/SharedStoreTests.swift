import EventLog
import Foundation
import TestSupport
import Testing

extension FaultTests {
    @Suite struct SharedStoreTests {
        @Test func `two processes that wait for each other's events take turns to the end, and a third sees them all`()
            throws
        {
            let directory = try TemporaryDirectory("shared")
            let store = directory.path("store")
            let turns = 40
            try LMDBLog.open(at: store).close()
            let watcher = try FaultTests.probe("watch", store, "0")
            #expect(watcher.wait(forLines: 1))
            let probes = try (0..<2).map { _ in try FaultTests.probe("turns", store, "turn-1", "\(turns)") }
            let results = probes.map { $0.result() }
            for result in results { #expect(result.lines.last == "done", "\(result.text.suffix(500))") }
            #expect(watcher.wait(forLines: 1 + 2 * turns))
            let seen = watcher.killNow().lines(after: "saw")
            #expect(seen.map(\.[0]) == (0..<2 * turns).map { "\($0)"[...] })
            let delays = seen.compactMap { Int($0[1]) }.sorted()
            print(
                "seen by another process after µs: median \(delays[delays.count / 2]), longest \(delays[delays.count - 1])"
            )
            let acknowledged = results.flatMap(Acknowledgement.all)
            let positions = results.map { Acknowledgement.all(in: $0).map(\.first) }
            try StoreCheck.expectSound(store, keeps: acknowledged)
            // After the first turns each process's events stand between the other's.
            for own in positions {
                #expect(own.count == turns)
                #expect(zip(own, own.dropFirst()).dropFirst().allSatisfy { $1 - $0 == 2 }, "\(own)")
            }
        }
    }
}
