import CanonicalJSON
import Determinism
import EventLog
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct QueueKillTests {
        @Test func `workers and a submitter killed again and again lose no job and do none twice`() async throws {
            let (count, times) = EndToEndTests.isLong ? (50_000, 100) : (2_000, 8)
            var random = SeededGenerator(seed: EndToEndTests.seed(of: "killing workers"))
            let flow = QueueFlow(jobs: count, longest: EndToEndTests.isLong ? 20 : 80, seed: random.next())
            let place = try Workplace()
            try place.write(flow.text, "flow.jsonl")
            let log = try LMDBLog.open(at: place.store)
            defer { log.close() }
            try await Self.submit(flow, place, log, killedAt: Int(random.uniform(below: UInt64(flow.jobs.count))))
            var workers = try (0..<3).map { _ in try Self.work(place) }
            var kills = 0
            for moment in Self.moments(times, flow.jobs.count, &random) {
                try await Self.wait(for: log, toHave: moment)
                let victim = Int(random.uniform(below: UInt64(workers.count)))
                workers[victim].child.send(SIGKILL)
                if await workers[victim].result.status == -SIGKILL { kills += 1 }
                workers[victim] = try Self.work(place)
            }
            for worker in workers { _ = await worker.result }
            // One that was slow to start may have been ended for it.
            let last = try await place.cairn("work", "--until-empty")
            #expect(last.status == 0, "\(last.errorText.suffix(2_000))")
            #expect(kills > times / 2)
            try await place.expectDone(flow)
            try await place.expectSoundQueues()
            try await Self.tellDelays(place, kills)
        }

        private static func work(_ place: Workplace) throws -> RunningProgram {
            try place.start(["work", "--until-empty", "--concurrency", "8"])
        }

        /// Submits a flow, killed once in the middle, and again under the same id; a third time adds nothing.
        private static func submit(
            _ flow: QueueFlow, _ place: Workplace, _ log: LMDBLog, killedAt size: Int
        ) async throws {
            let words = ["submit", "flow.jsonl", "--id", "flow", "--json"]
            let first = try place.start(words)
            _ = try await first.runs(until: log, has: size)
            first.child.send(SIGKILL)
            let status = await first.result.status
            #expect([-SIGKILL, 0].contains(status))
            let there = max(Int(try log.head().size) - 1, 0)
            let second = try await place.json("submit", "flow.jsonl", "--id", "flow")
            #expect(second["new"]?.int == flow.jobs.count - there)
            let third = try await place.json("submit", "flow.jsonl", "--id", "flow")
            #expect(third["new"]?.int == 0)
            #expect(Int(try log.head().size) == flow.jobs.count + 1)
        }

        /// Sizes of the log at which somebody dies: after the submission, and long before the end.
        private static func moments(_ times: Int, _ jobs: Int, _ random: inout SeededGenerator) -> [Int] {
            (0..<times).map { _ in jobs + Int(random.uniform(below: UInt64(jobs * 2 * 8 / 10))) }.sorted()
        }

        private static func wait(for log: LMDBLog, toHave size: Int) async throws {
            if try log.head().size >= UInt64(size) { return }
            for try await batch in log.subscribe(from: Position(try log.head().size)) {
                if let last = batch.last, last.position.rawValue + 1 >= UInt64(size) { return }
            }
        }

        /// Prints how long jobs of the dead waited until somebody knew, by the times in the log.
        private static func tellDelays(_ place: Workplace, _ kills: Int) async throws {
            var lastSign: [String: Int64] = [:]
            var delays: [Int64] = []
            for type in ["job.leased", "job.completed", "job.leaseExpired"] {
                for event in try await place.events(type) {
                    guard let worker = event["data"]?["worker"]?.string ?? event["metadata"]?["worker"]?.string,
                        let time = event["time"]?.string.flatMap(Timestamp.init(text:))?.microseconds
                    else { continue }
                    if type == "job.leaseExpired" {
                        delays.append(time - lastSign[worker, default: time])
                    } else {
                        lastSign[worker] = max(lastSign[worker, default: 0], time)
                    }
                }
            }
            let longest = Double(delays.max() ?? 0) / 1e6
            print(
                "killing workers: \(kills) kills, \(delays.count) leases lost, known \(longest) s after their last sign"
            )
        }
    }
}
