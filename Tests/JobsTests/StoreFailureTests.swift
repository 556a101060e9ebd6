import Deciders
import EventLog
import Jobs
import Projections
import TestSupport
import Testing

/// What the store has against a command is known, whatever error brings it.
@Suite struct StoreFailureTests {
    private static let full = LogError(.full, during: "x", "y")

    @Test(
        arguments: [
            CommandError<Job.Refusal>.log(full), CommandError<Job.Refusal>.effect(full),
            CommandError<Job.Refusal>.effect(CommandError<Job.Refusal>.log(full)), ViewError(.store, "y", cause: full),
            full,
        ] as [any Error])
    func aFullDiskIsFound(error: any Error) {
        #expect(LogError.found(in: error) == Self.full)
    }

    @Test(
        arguments: [
            CommandError<Job.Refusal>.refused(.unknownJob), ViewError(.projector, "y"),
            ViewError(.store, "y", cause: LogError(.damaged(nil), during: "x", "y")), CancellationError(),
        ] as [any Error])
    func whatTheStoreHasNoPartInIsNone(error: any Error) {
        #expect(LogError.found(in: error) == nil)
    }

    @Test func aLockThatCannotBeMadeSaysWhy() throws {
        let directory = try TemporaryDirectory("lock")
        let missing = directory.path("none/workers")
        let error = #expect(throws: WorkerLock.Failure.self) {
            try WorkerLock.file(at: missing + "/a.lock", in: missing)
        }
        #expect(error?.storeFailure?.code == .other && error?.description.contains(missing) == true)
    }
}
