import CanonicalJSON
import Determinism

/// Does nothing for as long as a job says, `{"seconds": 1.5}`, and completes it: for demonstrations and tests of what
/// happens to jobs that run.
package struct WaitHandler: QueueHandler {
    /// The kind that every worker knows.
    package static let kind = "wait"

    /// The longest wait that may be asked for: a year.
    private static let longest = Microseconds.hours(24 * 365)

    package init() {}

    package func run(_ task: QueueTask) async throws -> QueueResult {
        let longest = Self.longest.seconds
        guard let seconds = task.input["seconds"]?.double, (0...longest).contains(seconds) else {
            return .failed(
                class: "invalidInput", message: "a job of the kind wait says for how long, as in {\"seconds\": 1.5}",
                retryable: false)
        }
        let length = Microseconds(Int64((seconds * 1e6).rounded()))
        guard let timeout = task.timeout, timeout < length else {
            try await Task.sleep(for: .microseconds(length.count))  // why: to wait so long is the job
            return .completed(.object([:]))
        }
        try await Task.sleep(for: .microseconds(timeout.count))  // why: to wait is the job, and so long it may
        return .failed(class: "timeout", message: "it took longer than \(timeout) and was ended", retryable: true)
    }
}
