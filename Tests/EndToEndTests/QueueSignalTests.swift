import CanonicalJSON
import EventLog
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct QueueSignalTests {
        private static let leases = EventFilter(types: [EventType("job.leased")])

        @Test func `a signal gives a thousand running jobs back with nothing spent, to be begun at once by another`()
            async throws
        {
            let place = try Workplace()
            let log = try LMDBLog.open(at: place.store)
            defer { log.close() }
            _ = try await place.json(
                "submit", "--kind", "wait", "--input", #"{"seconds": 3600}"#, "--count", "1000", "--id", "waits")
            let first = try place.start(["work", "--concurrency", "1000", "--grace", "0.5"])
            #expect(try await first.runs(until: log, has: 1_000, matching: Self.leases))
            first.child.send(SIGTERM)
            let stopped = await first.result
            #expect(stopped.status == 0, "\(stopped.errorText.suffix(2_000))")
            #expect(try await place.events("job.released").count == 1_000)

            let second = try place.start(["work", "--concurrency", "1000", "--grace", "3600"])
            #expect(try await second.runs(until: log, has: 2_000, matching: Self.leases))
            second.child.send(SIGTERM)
            second.child.send(SIGINT)
            let cut = await second.result
            #expect(cut.status == 0, "\(cut.errorText.suffix(2_000))")
            let histories = try await place.queueHistories()
            #expect(histories.count == 1_000)
            let isSound = histories.values.allSatisfy {
                $0.counts == ["submitted": 1, "leased": 2, "released": 2] && $0.attempts == [1, 1]
            }
            #expect(isSound)
            try await place.expectSoundQueues()
        }
    }
}
