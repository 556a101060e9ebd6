import Determinism
import EventLog
import Foundation
import TestSupport
import Testing

extension FaultTests {
    @Suite struct SubscriberTests {
        /// A subscriber that goes on, when it was killed, after the last position that it printed.
        private struct Follower {
            var process: ChildProcess
            var seen: [UInt64] = []

            /// Takes down what the process printed before it ended.
            mutating func note(_ result: ChildProcess.Result) {
                #expect(result.status == -SIGKILL, "it ended by itself: \(result.text.suffix(500))")
                seen += result.lines(after: "saw").flatMap { $0.compactMap { UInt64($0) } }
            }
        }

        @Test func `every subscriber sees every position once and in order, whoever is killed`() throws {
            let seed = FaultTests.seed(of: "subscribers")
            var random = SeededGenerator(seed: seed)
            let directory = try TemporaryDirectory("subscribers")
            let store = directory.path("store")
            var acknowledged: [Acknowledgement] = []
            var started = 0
            func startAppending() throws -> ChildProcess {
                started += 1
                return try FaultTests.probe("append", store, "\(seed &+ UInt64(started) << 8)")
            }
            func startFollowing(after seen: [UInt64]) throws -> ChildProcess {
                try FaultTests.probe("subscribe", store, "\(seen.last.map { $0 + 1 } ?? 0)")
            }

            var appenders = try (0..<8).map { _ in try startAppending() }
            #expect(appenders[0].wait(forLines: 1))
            var followers = try (0..<8).map { _ in Follower(process: try startFollowing(after: [])) }
            for _ in 0..<(FaultTests.isLong ? 100 : 16) {
                let victim = Int(random.uniform(below: 8))
                let lines = Int(random.uniform(below: 12))
                if random.uniform(below: 2) == 0 {
                    let process = appenders[victim]
                    #expect(process.wait(forLines: process.linesSoFar + lines))
                    acknowledged += Acknowledgement.all(in: process.killNow())
                    appenders[victim] = try startAppending()
                } else {
                    let process = followers[victim].process
                    #expect(process.wait(forLines: process.linesSoFar + lines))
                    followers[victim].note(process.killNow())
                    followers[victim].process = try startFollowing(after: followers[victim].seen)
                }
            }
            for appender in appenders { acknowledged += Acknowledgement.all(in: appender.killNow()) }
            let size = try StoreCheck.expectSound(store, keeps: acknowledged).head.size
            print("subscribers: \(acknowledged.count) commits acknowledged, \(size) events")
            for number in followers.indices {
                let process = followers[number].process
                let isAtEnd = followers[number].seen.count == size || process.wait { $0.hasSuffix(" \(size - 1)\n") }
                #expect(isAtEnd, "subscriber \(number) did not come to the end")
                followers[number].note(process.killNow())
                #expect(followers[number].seen == Array(0..<size), "subscriber \(number)")
            }
        }
    }
}
