import Determinism
import EventLog
import Synchronization

/// Writes commits that are known to be right into the fresh log, many at once, while the code that made them goes on.
///
/// An append that is waited for takes a transaction of its own; in a replay nothing waits for the disk, since what would
/// be lost can be made again.
final class FreshWriter: Sendable {
    /// How many commits may wait; those who bring more wait for room.
    private static let mostWaiting = 8_192
    /// As many bytes of blobs, unless one commit alone has more.
    private static let mostWaitingBytes = 64 << 20

    private let fresh: any Log
    private let state = Mutex(State())

    private struct State {
        var waiting: [(commit: Commit, place: UInt64)] = []
        /// Of the blobs of those that wait.
        var waitingBytes = 0
        var isWriting = false
        /// Of the commits that aren't written yet.
        var blobs: [Digest: [UInt8]] = [:]
        var failure: LogError?
        var forRoom: [CheckedContinuation<Void, Never>] = []
        var forEnd: [CheckedContinuation<Void, Never>] = []

        var isFull: Bool { waiting.count > mostWaiting || waitingBytes > mostWaitingBytes }
    }

    init(_ fresh: any Log) { self.fresh = fresh }

    /// Takes a commit whose first event belongs at a position; returns at once unless too many wait.
    func add(_ commit: Commit, at place: UInt64) async throws(LogError) {
        let (begins, isFull, failure) = state.withLock { state in
            state.waiting.append((commit, place))
            for blob in commit.blobs {
                state.blobs[blob.digest] = blob.bytes
                state.waitingBytes += blob.bytes.count
            }
            let begins = !state.isWriting
            state.isWriting = true
            return (begins, state.isFull, state.failure)
        }
        if let failure { throw failure }
        if begins { Task { await write() } }
        if isFull { await room() }
    }

    /// A blob of a commit that isn't written yet.
    func waitingBlob(_ digest: Digest) -> [UInt8]? { state.withLock { $0.blobs[digest] } }

    /// Returns when all is written that was added.
    func finish() async throws(LogError) {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.isWriting { state.forEnd.append(continuation) }
                return !state.isWriting
            }
            if isIdle { continuation.resume() }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    private func room() async {
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLock { state in
                let hasRoom = !state.isWriting || !state.isFull
                if !hasRoom { state.forRoom.append(continuation) }
                return hasRoom
            }
            if hasRoom { continuation.resume() }
        }
    }

    private func write() async {
        while true {
            let (batch, roomy) = state.withLock { state in
                let batch = state.waiting
                state.waiting = []
                state.waitingBytes = 0
                let roomy = state.forRoom
                state.forRoom = []
                return (batch, roomy)
            }
            for waiter in roomy { waiter.resume() }
            let failure = await append(batch)
            let ended: [CheckedContinuation<Void, Never>]? = state.withLock { state in
                for entry in batch {
                    for blob in entry.commit.blobs { state.blobs[blob.digest] = nil }
                }
                for entry in state.waiting {
                    for blob in entry.commit.blobs { state.blobs[blob.digest] = blob.bytes }
                }
                state.failure = state.failure ?? failure
                guard state.waiting.isEmpty || state.failure != nil else { return nil }
                state.isWriting = false
                state.waiting = []
                state.waitingBytes = 0
                defer {
                    state.forEnd = []
                    state.forRoom = []
                }
                return state.forEnd + state.forRoom
            }
            guard let ended else { continue }
            for waiter in ended { waiter.resume() }
            return
        }
    }

    /// Why the log didn't take a commit where it belongs; nil when it took all.
    private func append(_ batch: [(commit: Commit, place: UInt64)]) async -> LogError? {
        for (entry, result) in zip(batch, await fresh.append(batch.map(\.commit))) {
            switch result {
            case .failure(let error): return error
            case .success(let appended) where appended.first.rawValue != entry.place:
                return LogError(
                    .invalid, during: "executing again",
                    "the commit of position \(entry.place) came to position \(appended.first)")
            case .success: continue
            }
        }
        return nil
    }
}
