import CanonicalJSON
import Determinism
import Foundation
import TestSupport
import Testing

@testable import Jobs

@Suite struct WorkerStatusTests {
    private static func status(_ worker: WorkerID, running: Int = 0) -> WorkerStatus {
        var tally = QueueTally()
        tally.completed = 7
        tally.released = 1
        return WorkerStatus(
            worker: worker, time: Timestamp(microseconds: 5), slots: 4, running: running, kinds: ["noop"],
            isDraining: true, tally: tally,
            jobs: [
                WorkerStatus.Running(
                    attempt: 2, job: JobID(wellFormed: "a"), kind: "count", message: "half", progress: 500,
                    queue: "default", since: Timestamp(microseconds: 3)),
                WorkerStatus.Running(
                    attempt: 1, job: JobID(wellFormed: "b"), kind: "count", message: nil, progress: nil,
                    queue: "default", since: Timestamp(microseconds: 4)),
            ],
            pools: [
                WorkerStatus.Pool(
                    KindStatus(
                        crashes: 2, kind: "count", lastCrash: "it was ended by SIGSEGV", inputs: nil,
                        notBefore: Timestamp(microseconds: 9), pause: nil, running: running, target: nil))
            ])
    }

    @Test func `what is written is what others read, and the last is what counts`() async throws {
        let directory = try TemporaryDirectory("worker-status")
        let (one, other) = (WorkerID(wellFormed: "one"), WorkerID(wellFormed: "other"))
        try await WorkerLock.hold(one, in: directory.path) {
            try await WorkerLock.hold(other, in: directory.path) {
                Self.status(one).write(in: directory.path)
                Self.status(other).write(in: directory.path)
                Self.status(one, running: 2).write(in: directory.path)
                #expect(
                    WorkerStatus.all(in: directory.path) == [Self.status(one, running: 2), Self.status(other)])
                WorkerStatus.remove(one, in: directory.path)
                #expect(WorkerStatus.all(in: directory.path) == [Self.status(other)])
            }
        }
    }

    @Test func `what a worker left that is gone is removed`() async throws {
        let directory = try TemporaryDirectory("worker-status")
        let (living, gone) = (WorkerID(wellFormed: "living"), WorkerID(wellFormed: "gone"))
        try await WorkerLock.hold(living, in: directory.path) {
            Self.status(living).write(in: directory.path)
            Self.status(gone).write(in: directory.path)
            #expect(WorkerStatus.all(in: directory.path) == [Self.status(living)])
            let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
            #expect(files.sorted() == ["living.lock", "living.status"])
        }
    }

    @Test func `a file that isn't whole, and a directory that isn't there, say nothing`() async throws {
        let directory = try TemporaryDirectory("worker-status")
        let worker = WorkerID(wellFormed: "one")
        try await WorkerLock.hold(worker, in: directory.path) {
            try Data("{\"draining\":".utf8).write(to: URL(filePath: directory.path("one.status")))
            #expect(WorkerStatus.all(in: directory.path).isEmpty)
        }
        let nowhere = directory.path("nowhere")
        Self.status(worker).write(in: nowhere)
        #expect(WorkerStatus.all(in: nowhere).isEmpty)
    }

    @Test func `each answer is counted once, as what it is`() {
        var tally = QueueTally()
        for answer: QueueResult? in [
            .completed(.null), .completed(.null), .failed(class: "x", message: "", retryable: true),
            .crashed(message: ""), .deferred(for: .seconds(1), reason: ""), .interrupted, nil,
        ] {
            tally.count(answer)
        }
        var expected = QueueTally()
        expected.completed = 2
        expected.failed = 1
        expected.crashed = 1
        expected.deferred = 1
        expected.released = 2
        #expect(tally == expected)
        #expect(tally.done == 4)
        tally.took(1)
        #expect(tally.released == 1 && tally.taken == 1)
    }
}
