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

    @Test func `a paused kind is resumed once, in a worker that is at work`() {
        let paused = WorkerEvent.kindPaused(WorkerKindPaused(crashes: 20, kind: "analyse", reason: "signal 11"))
        let resumed = WorkerEvent.kindResumed(WorkerKindResumed(by: "me", kind: "analyse", note: "mended"))
        let resume = Worker.Command.resumeKind("analyse", by: "me", note: "mended")
        let drain = WorkerEvent.drainRequested(WorkerDrainRequested(reason: .signal))
        let stop = WorkerEvent.stopped(WorkerStopped(reason: .finished))
        #expect(decision(Worker.self, given: [started, paused], when: resume) == .success([resumed]))
        #expect(repeatedDecision(Worker.self, given: [started, paused], when: resume) == .success([]))
        #expect(decision(Worker.self, given: [started, paused, drain], when: resume) == .success([resumed]))
        #expect(decision(Worker.self, given: [started], when: resume) == .success([]))
        let other = Worker.Command.resumeKind("score", by: "me", note: nil)
        #expect(decision(Worker.self, given: [started, paused], when: other) == .success([]))
        #expect(decision(Worker.self, given: [], when: resume) == .failure(.notStarted))
        #expect(decision(Worker.self, given: [started, paused, stop], when: resume) == .failure(.alreadyStopped))
        #expect(state(of: Worker.self, given: [started, paused]).pausedKinds == ["analyse"])
        #expect(state(of: Worker.self, given: [started, paused, resumed, paused]).pausedKinds == ["analyse"])
        #expect(state(of: Worker.self, given: [started, paused, resumed]).pausedKinds == [])
    }

    @Test func `of queues, it starts once for the same queues, whatever the machine calls itself`() {
        let started = WorkerStarted(concurrency: 4, queues: ["gpu"], host: "node-1", process: 7)
        func start(_ started: WorkerStarted, after history: [WorkerEvent]) -> Result<[WorkerEvent], Worker.Refusal> {
            decision(Worker.self, given: history, when: .start(started))
        }
        #expect(start(started, after: []) == .success([.started(started)]))
        let again = WorkerStarted(concurrency: 8, queues: ["gpu"], host: "node-1.example", process: 7)
        #expect(start(again, after: [.started(started)]) == .success([]))
        let all = WorkerStarted(concurrency: 4, queues: [], host: "node-1", process: 7)
        #expect(start(all, after: [.started(started)]) == .failure(.startedFor(started)))
        let run = WorkerStarted(concurrency: 4, run: Sample.run)
        #expect(start(run, after: [.started(started)]) == .failure(.startedFor(started)))
        #expect(start(all, after: [self.started]) == .failure(.startedFor(run)))
    }
}
