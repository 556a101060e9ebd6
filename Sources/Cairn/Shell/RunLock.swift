import EventLog
import Glibc
import Jobs

/// Keeps a run with a budget to one process: two could each find room for the same money.
///
/// Processes that work on a run hold its lock together, unless one of them keeps to a budget, which holds it alone.
enum RunLock {
    /// Why a run can't be worked on now.
    struct Failure: StoreFailure, Equatable, CustomStringConvertible {
        let run: RunID
        let reason: String
        /// Whether another process is at it, and not the system against it.
        let isHeld: Bool

        var storeFailure: LogError? { LogError(isHeld ? .inUse : .other, during: "locking the run \(run)", reason) }

        var description: String { "can't work on the run \(run): \(reason)" }
    }

    static func hold<R>(
        _ run: RunID, alone: Bool, in directory: String, _ body: () async throws -> R
    ) async throws -> R {
        let file = try WorkerLock.file(at: directory + "/run-" + run.rawValue + ".budget", in: directory)
        defer { close(file) }
        guard flock(file, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let reason =
                !isHeld
                ? WorkerLock.lastError()
                : alone
                    ? "it has a budget, and another process works on it; wait until that one has ended"
                    : "another process works on it with a budget; wait until that one has ended"
            throw Failure(run: run, reason: reason, isHeld: isHeld)
        }
        return try await body()
    }
}
