package import Deciders
import EventLog

/// Submits many jobs at once, so that they share the log's commits.
package struct JobSubmission: Sendable {
    private let jobs: CommandHandler<Job>
    private let window: Int

    /// At most `window` submissions are under way at once.
    ///
    /// As few by default as still share commits: whoever works on the first jobs meanwhile shares the log with them.
    package init(_ jobs: CommandHandler<Job>, window: Int = 64) {
        precondition(window >= 1, "somebody must be under way")
        self.jobs = jobs
        self.window = window
    }

    /// Submits those jobs that aren't in the log yet, and says how many these were.
    ///
    /// A job that is there already is left alone, without asking the time; with other content it is an error.
    package func submit(_ submissions: some Sequence<(id: JobID, job: JobSubmitted)>) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            var (new, underWay) = (0, 0)
            for (id, job) in submissions {
                if underWay == window, let ended = try await group.next() {
                    new += ended
                    underWay -= 1
                }
                group.addTask { try await submit(id, job) }
                underWay += 1
            }
            for try await ended in group { new += ended }
            return new
        }
    }

    private func submit(_ id: JobID, _ job: JobSubmitted) async throws -> Int {
        try await jobs.handle(id.rawValue, run: job.run.rawValue, job: id.rawValue, .submit(job)).events.count
    }
}
