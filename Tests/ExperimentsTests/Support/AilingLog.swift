import DeciderTestSupport
import Determinism
import EventLog
import Jobs
import Synchronization

/// A log of which some blobs were erased, or that takes no more after some commit.
final class AilingLog: ForwardingLog {
    let wrapped: any Log
    private let forgotten = Mutex<Set<Digest>>([])
    /// How many commits came, and whether the last one that is taken was among them.
    private let taken = Mutex<(commits: Int, isOver: Bool)>((0, false))
    private let isLast: @Sendable (Commit, Int) -> Bool
    /// Happens when a commit comes after the last; whoever appends one waits until cancelled.
    let isFull = OneShot()

    /// `isLast` is told each commit and its number, from 1.
    init(_ log: any Log, isLast: @escaping @Sendable (Commit, Int) -> Bool = { _, _ in false }) {
        wrapped = log
        self.isLast = isLast
    }

    func forget(_ digest: Digest) { forgotten.withLock { _ = $0.insert(digest) } }

    func blob(_ digest: Digest) throws(LogError) -> [UInt8]? {
        forgotten.withLock { $0.contains(digest) } ? nil : try wrapped.blob(digest)
    }

    func append(_ commit: Commit) async throws(LogError) -> Appended {
        let hasRoom = taken.withLock { taken in
            if taken.isOver { return false }
            taken.commits += 1
            taken.isOver = isLast(commit, taken.commits)
            return true
        }
        if hasRoom { return try await wrapped.append(commit) }
        isFull.happen()
        try? await OneShot().wait()
        throw LogError(.closed, during: "appending", "the process was killed")
    }
}
