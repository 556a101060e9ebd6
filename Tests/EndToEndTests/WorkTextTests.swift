import Determinism
import Jobs
import Testing

@testable import Cairn
@testable import CairnCLI

/// What people read of workers, and of jobs that workers have.
@Suite struct WorkTextTests {
    private static let worker = WorkerID(wellFormed: "w")
    private static let now = Timestamp(microseconds: 100_000_000)

    private static func status(at time: Timestamp = now, _ tally: QueueTally = QueueTally()) -> WorkerStatus {
        WorkerStatus(worker: worker, time: time, slots: 4, running: 1, kinds: ["noop"], tally: tally)
    }

    @Test func `jobs are jobs and attempts are attempts`() {
        var tally = QueueTally()
        tally.completed = 1
        tally.failed = 4
        tally.crashed = 1
        #expect(
            WorkDisplay.line(Self.status(tally), rate: 2, left: 3)
                == "1 job done · 2.0 attempts/s · 1 of 4 run · 4 attempts failed · 1 attempt crashed · 3 left")
        #expect(WorkDisplay.attempts([(0, "failed"), (2, "put off")]) == ["2 attempts put off"])
    }

    @Test func `only a worker that is gone or silent for long is no good holder`() {
        let silence = LostHolder.longestSilence
        #expect(LostHolder(isGone: true, status: nil, now: Self.now) == .gone)
        #expect(LostHolder(isGone: false, status: nil, now: Self.now) == nil)
        #expect(LostHolder(isGone: false, status: Self.status(at: Self.now - silence), now: Self.now) == nil)
        let then = Self.now - silence - Microseconds(1)
        #expect(LostHolder(isGone: false, status: Self.status(at: then), now: Self.now) == .silent(since: then))
    }

    @Test func `what becomes of its jobs depends on whether the lease still holds`() {
        let (before, after) = (Self.now - .seconds(9), Self.now + .seconds(9))
        func reason(_ holder: LostHolder, _ deadline: Timestamp) -> String {
            holder.reason("it", leasedUntil: deadline, now: Self.now, them: "them")
        }
        #expect(
            reason(.gone, after)
                == "it ended without giving them back; the next worker takes them over, before the lease ends at \(after)"
        )
        #expect(reason(.gone, before) == "it ended without giving them back; the next worker takes them over")
        #expect(
            reason(.silent(since: before), after)
                == "it gave no sign since \(before); the next worker takes them over when the lease ends at \(after)")
        #expect(
            reason(.silent(since: before), before)
                == "it gave no sign since \(before); the next worker takes them over, as the lease ended at \(before)")
    }
}
