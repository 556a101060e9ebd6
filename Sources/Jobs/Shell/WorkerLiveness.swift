package import Deciders
package import Determinism
package import EventLog
import Glibc

/// Tells when another worker's lease is lost.
///
/// Live it looks at the world; in replay it answers from the record.
package protocol WorkerLiveness: Sendable {
    /// Waits until the worker's process has ended or the deadline has passed, and says which came first.
    ///
    /// `place` is where the expiry would be recorded.
    func loss(
        of worker: WorkerID, deadline: Timestamp, recordedAt place: Place
    ) async throws -> JobLeaseExpired.Reason
}

/// Liveness by lock files: a process holds a lock on `<WorkerID>.lock` as long as it lives, and the system lets go of it
/// however the process ends.
package struct LockFileLiveness: WorkerLiveness {
    private let directory: String
    private let time: TimeSource
    private let interval: Microseconds

    /// `directory` is the store's `workers/`; `interval` is how long a death may go unnoticed.
    package init(directory: String, time: TimeSource, interval: Microseconds = .milliseconds(250)) {
        self.directory = directory
        self.time = time
        self.interval = interval
    }

    package func loss(
        of worker: WorkerID, deadline: Timestamp, recordedAt place: Place
    ) async throws -> JobLeaseExpired.Reason {
        while true {
            if WorkerLock.isGone(worker, in: directory) { return .workerGone }
            let left = deadline - time.time()
            if left <= .zero { return .deadline }
            try await Task.sleep(for: min(left, interval).duration)  // why: nobody tells when another's lock goes
        }
    }
}

/// The lock that says that a worker lives.
package enum WorkerLock {
    /// Why a worker's lock can't be taken.
    package struct Failure: StoreFailure, Equatable, CustomStringConvertible {
        package let path: String
        /// What the system said.
        package let cause: LogError

        /// A system call has just failed.
        init(_ path: String) {
            self.path = path
            cause = LogError.system("taking the worker's lock \(path)")
        }

        package var storeFailure: LogError? { cause }

        package var description: String { "\(cause); the store's directory must be writable" }
    }

    /// Holds the lock of a worker while `body` runs; the directory is made if it is missing.
    @discardableResult
    package static func hold<R>(
        _ worker: WorkerID, in directory: String, _ body: () async throws -> R
    ) async throws -> R {
        let path = path(of: worker, in: directory)
        let file = try file(at: path, in: directory)
        defer {
            unlink(path)
            close(file)
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else { throw Failure(path) }
        return try await body()
    }

    /// Opens a file to be locked, made like its directory if it is missing; the caller closes it.
    package static func file(at path: String, in directory: String) throws(Failure) -> CInt {
        if mkdir(directory, 0o777) != 0, errno != EEXIST { throw Failure(directory) }
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw Failure(path) }
        return file
    }

    /// Whether nobody holds the lock of a worker; removes what a killed one left behind.
    package static func isGone(_ worker: WorkerID, in directory: String) -> Bool {
        let path = path(of: worker, in: directory)
        let file = open(path, O_RDWR | O_CLOEXEC)
        // Without the right to look it counts as living until the deadline.
        guard file >= 0 else { return errno == ENOENT }
        defer { close(file) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else { return false }
        unlink(path)
        return true
    }

    private static func path(of worker: WorkerID, in directory: String) -> String {
        directory + "/" + worker.rawValue + ".lock"
    }

    /// What the system said last.
    package static func lastError() -> String {
        strerror(errno).map { String(cString: $0) } ?? "error \(errno)"
    }
}

extension WorkerID {
    /// An id that no other process has.
    package static func new() -> WorkerID {
        var generator = SystemRandomNumberGenerator()
        let parts = [generator.next(), generator.next()].map { String($0) }
        return WorkerID(identifying: parts)
    }
}
