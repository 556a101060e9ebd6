import Deciders
import Determinism
import EventLog
import TestSupport
import Testing

@testable import Jobs

@Suite struct WorkerLivenessTests {
    private func place() throws -> Place { Place(stream: try Sample.stream(Sample.job(0)), revision: 2) }

    @Test func `a worker lives while it holds its lock, and not before or after`() async throws {
        let directory = try TemporaryDirectory("workers")
        let workers = directory.path("workers")
        #expect(WorkerLock.isGone(Sample.a, in: workers))
        try await WorkerLock.hold(Sample.a, in: workers) {
            #expect(!WorkerLock.isGone(Sample.a, in: workers))
            #expect(WorkerLock.isGone(Sample.b, in: workers))
        }
        #expect(WorkerLock.isGone(Sample.a, in: workers))
    }

    @Test func `two processes can't be one worker`() async throws {
        let directory = try TemporaryDirectory("workers")
        try await WorkerLock.hold(Sample.a, in: directory.path("workers")) {
            await #expect(throws: WorkerLock.Failure.self) {
                try await WorkerLock.hold(Sample.a, in: directory.path("workers")) {}
            }
        }
    }

    @Test func `a lease of a dead worker is lost at once, that of a living one at its deadline`() async throws {
        let directory = try TemporaryDirectory("workers")
        let clock = VirtualClock(Sample.at(50))
        let liveness = LockFileLiveness(directory: directory.path("workers"), time: .virtual(clock))
        let place = try place()
        #expect(try await liveness.loss(of: Sample.a, deadline: Sample.at(100), recordedAt: place) == .workerGone)
        try await WorkerLock.hold(Sample.a, in: directory.path("workers")) {
            clock.advance(to: Sample.at(100))
            let loss = try await liveness.loss(of: Sample.a, deadline: Sample.at(100), recordedAt: place)
            #expect(loss == .deadline)
        }
    }

    @Test func `no two workers get one id`() {
        #expect(Set((0..<100).map { _ in WorkerID.new() }).count == 100)
    }
}
