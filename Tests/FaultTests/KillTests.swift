import Determinism
import EventLog
import Foundation
import TestSupport
import Testing

extension FaultTests {
    @Suite struct KillTests {
        /// A process that is started again whenever it was killed.
        private struct Role {
            let mode: String
            var process: ChildProcess
        }

        @Test func `whatever is killed, what was acknowledged stays, whole, and read models count each event once`()
            throws
        {
            let seed = FaultTests.seed(of: "kills")
            var random = SeededGenerator(seed: seed)
            let directory = try TemporaryDirectory("kills")
            let store = directory.path("store")
            var acknowledged: [Acknowledgement] = []
            var started = 0
            func start(_ mode: String) throws -> ChildProcess {
                started += 1
                return try FaultTests.probe(mode, store, "\(seed &+ UInt64(started) << 8)")
            }
            func end(_ process: ChildProcess, _ mode: String) {
                let result = process.killNow()
                #expect(result.status == -SIGKILL, "\(mode) ended by itself: \(result.text.suffix(500))")
                #expect(result.lines(after: "refused") == [])
                acknowledged += Acknowledgement.all(in: result)
            }

            let first = try start("append")
            #expect(first.wait(forLines: 1))
            end(first, "append")
            var roles = try ["append", "append", "append", "project", "project"].map { mode in
                Role(mode: mode, process: try start(mode))
            }
            let kills = FaultTests.isLong ? 200 : 25
            for kill in 1...kills {
                let victim = Int(random.uniform(below: UInt64(roles.count)))
                let process = roles[victim].process
                let lines = process.linesSoFar + Int(random.uniform(below: 40))
                #expect(process.wait(forLines: lines), "\(roles[victim].mode) says nothing any more")
                end(process, roles[victim].mode)
                if kill.isMultiple(of: 5) {
                    // All at once: the next one finds the store as the crowd left it.
                    for (number, role) in roles.enumerated() where number != victim { role.process.send(SIGKILL) }
                    for (number, role) in roles.enumerated() where number != victim { end(role.process, role.mode) }
                    try StoreCheck.expectSound(store, keeps: acknowledged)
                    if kill == kills { break }
                    for number in roles.indices { roles[number].process = try start(roles[number].mode) }
                } else {
                    roles[victim].process = try start(roles[victim].mode)
                }
            }
            let check = try StoreCheck.expectSound(store, keeps: acknowledged)
            print("kills: \(kills), \(acknowledged.count) commits acknowledged, \(check.head.size) events")
            #expect(!acknowledged.isEmpty)
            try FaultTests.expectEqualDigests(store)
        }
    }
}
