import DeciderTestSupport
import Deciders
import Testing

@testable import Jobs

@Suite struct WorkerTests {
    private let started = WorkerEvent.started(WorkerStarted(concurrency: 4, run: Sample.run))

    @Test func `starts once, and for one run`() {
        let start = Worker.Command.start(WorkerStarted(concurrency: 4, run: Sample.run))
        #expect(decision(Worker.self, given: [], when: start) == .success([started]))
        #expect(repeatedDecision(Worker.self, given: [], when: start) == .success([]))
        let other = RunID(wellFormed: "other")
        #expect(
            decision(Worker.self, given: [started], when: .start(WorkerStarted(concurrency: 4, run: other)))
                == .failure(.startedFor(WorkerStarted(concurrency: 4, run: Sample.run))))
    }

    @Test func `drains once and stops once`() {
        let drain = WorkerEvent.drainRequested(WorkerDrainRequested(reason: .signal))
        let stop = WorkerEvent.stopped(WorkerStopped(reason: .drained))
        #expect(decision(Worker.self, given: [started], when: .requestDrain(.signal)) == .success([drain]))
        #expect(decision(Worker.self, given: [started, drain], when: .requestDrain(.stopRequested)) == .success([]))
        #expect(decision(Worker.self, given: [started, drain], when: .stop(.drained)) == .success([stop]))
        #expect(decision(Worker.self, given: [started, stop], when: .stop(.failed)) == .success([]))
        #expect(
            decision(Worker.self, given: [started, stop], when: .requestDrain(.signal)) == .failure(.alreadyStopped))
        #expect(decision(Worker.self, given: [], when: .stop(.finished)) == .failure(.notStarted))
    }
}
