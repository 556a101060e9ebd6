import Determinism
import EventLog
import Foundation
import TestSupport
import Testing

extension FaultTests {
    @Suite struct RaceTests {
        private static let racers = 1_000

        @Test func `of a thousand appends that expect one revision, one succeeds and the others learn where it stands`()
            async throws
        {
            let directory = try TemporaryDirectory("race")
            let log = try LMDBLog.open(at: directory.path("store"))
            defer { log.close() }
            let stream = try StreamName("race-1")
            for expected in [ExpectedRevision.noStream, .exact(.first)] {
                let codes = await withTaskGroup(of: LogError.Code?.self) { group in
                    for racer in 0..<RaceTests.racers {
                        group.addTask { await RaceTests.append("racer \(racer)", to: stream, expected, log) }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                let revision = try #require(try log.lastRevision(of: stream))
                #expect(codes.count { $0 == nil } == 1)
                #expect(codes.count { $0 == .conflict(actual: revision) } == RaceTests.racers - 1)
            }
            #expect(try StoreCheck(log).head.size == 2)
        }

        @Test func `also when the thousand come from four processes`() throws {
            let directory = try TemporaryDirectory("race")
            let barrier = directory.path("barrier")
            let file = open(barrier, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            defer { close(file) }
            #expect(flock(file, LOCK_EX) == 0)
            let store = directory.path("store")
            try LMDBLog.open(at: store).close()
            let probes = try (0..<4).map { _ in
                try FaultTests.probe("race", store, "race-1", "\(RaceTests.racers / 4)", barrier)
            }
            for probe in probes { #expect(probe.wait(forLines: 1)) }
            #expect(flock(file, LOCK_UN) == 0)
            let outcomes = probes.map { $0.result().lines.last ?? "" }
            #expect(
                outcomes.sorted()
                    == Array(repeating: "won 0 conflicts 250 others 0", count: 3) + ["won 1 conflicts 249 others 0"])
            #expect(try StoreCheck.expectSound(store, keeps: []).head.size == 1)
        }

        private static func append(
            _ name: String, to stream: StreamName, _ expected: ExpectedRevision, _ log: LMDBLog
        ) async -> LogError.Code? {
            let event = NewEvent(
                type: EventType("fault.recorded"), version: 1, time: Timestamp(microseconds: 0),
                data: Array(#"{"name":"\#(name)"}"#.utf8))
            do throws(LogError) {
                _ = try await log.append(Commit(stream: stream, expected: expected, events: [event]))
                return nil
            } catch {
                return error.code
            }
        }
    }
}
