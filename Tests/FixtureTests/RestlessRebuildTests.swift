import Cairn
import DeciderTestSupport
import Determinism
import EventLog
import Replay
import Synchronization
import TestSupport
import Testing

/// Read models of different moments aren't compared: that would call a sound store different.
@Suite struct RestlessRebuildTests {
    @Test func aLogThatNeverRestsIsNoDifference() async throws {
        let imported = try await Fixture(name: "clean-run").imported()
        #expect(throws: NoMomentOfRest(attempts: 8)) {
            try Rebuild(log: RestlessLog(wrapped: imported.store.log, rests: .max), runner: imported.store.views).run()
        }
    }

    @Test func aLogThatComesToRestIsCompared() async throws {
        let imported = try await Fixture(name: "clean-run").imported()
        let report = try Rebuild(
            log: RestlessLog(wrapped: imported.store.log, rests: 5), runner: imported.store.views
        ).run()
        let size = try imported.store.log.head().size
        #expect(report.isIdentical && report.position == size)
    }
}

/// A log that says at each question that it has grown, until it was asked so many times.
private final class RestlessLog: ForwardingLog {
    let wrapped: any Log
    private let rests: Int
    private let asked = Mutex(0)

    init(wrapped: any Log, rests: Int) {
        self.wrapped = wrapped
        self.rests = rests
    }

    func head() throws(LogError) -> TreeHead {
        let head = try wrapped.head()
        let count = asked.withLock { asked in
            asked += 1
            return asked
        }
        return count < rests ? TreeHead(size: head.size + UInt64(count), root: head.root) : head
    }
}
