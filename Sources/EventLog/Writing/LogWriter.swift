import LMDB

/// A commit on its way to the disk.
struct PendingAppend: Sendable {
    let proposal: Proposal
    /// Nil when the records are final only in their place.
    let leaves: Leaves?
    let blobs: [EncodedBlob]
    /// Resumed exactly once, by the writer's thread.
    let waiter: Waiter

    typealias Waiter = CheckedContinuation<Result<Appended, LogError>, Never>
}

/// The one thread of this process that writes the log.
///
/// Appends that arrive while it writes share the next group: at most one transaction for their new blobs, then one for
/// their events, and each of them is answered after the sync.
final class LogWriter: Sendable {
    private typealias Room = CheckedContinuation<Bool, Never>
    private typealias Queue = GroupCommit<Room, PendingAppend>

    /// Commits of no more events than this are hashed before they are queued.
    private static let hashedBefore = 32
    /// How long the thread waits for company before it writes a group; less than a sync takes.
    private static let microseconds = 200

    private let queue: Monitor<Queue>
    private let group: GroupWriter
    /// How many microseconds the thread waits for company before it writes a group.
    private let patience: Int
    /// Whether the thread has ended.
    private let ended = Monitor(false)

    init(_ group: GroupWriter, limits: GroupLimits, isDurable: Bool) {
        self.group = group
        patience = isDurable ? LogWriter.microseconds : 0
        queue = Monitor(Queue(limits: limits))
        startThread { [self] in run() }
    }

    /// Appends a commit; returns when it is on disk.
    ///
    /// Suspends while the queue is full.
    func append(_ commit: Commit, blobs: BlobStore) async throws(LogError) -> Appended {
        let bytes = RecordCodec.byteCount(commit) + commit.blobs.reduce(0) { $0 + $1.bytes.count }
        guard await hasRoom(bytes) else { throw .closed(during: "appending to \(commit.stream)") }
        let proposal: Proposal
        let encoded: [EncodedBlob]
        do throws(LogError) {
            proposal = try Proposal(commit)
            encoded = try blobs.encodeNew(commit.blobs)
        } catch {
            let admitted = queue.withLock { $0.withdraw(bytes: bytes) }
            for ticket in admitted { ticket.resume(returning: true) }
            queue.signal()
            throw error
        }
        let result = await withCheckedContinuation { waiter in
            submit(proposal, encoded, waiter, bytes: bytes)
        }
        return try result.get()
    }

    /// Queues an append and hashes its records; those of a large one while the writer writes them.
    ///
    /// Where any revision is expected the records aren't final before the writer has placed them, so it hashes them.
    private func submit(
        _ proposal: Proposal, _ blobs: [EncodedBlob], _ waiter: PendingAppend.Waiter, bytes: Int
    ) {
        let isPlaced = proposal.expected != .any
        let shared =
            isPlaced && proposal.records.count > LogWriter.hashedBefore ? LeafHashes(of: proposal.records) : nil
        let leaves = shared.map { .shared($0) } ?? (isPlaced ? Leaves.made(proposal.records.leaves()) : nil)
        let append = PendingAppend(proposal: proposal, leaves: leaves, blobs: blobs, waiter: waiter)
        if queue.withLock({ $0.enqueue(append, bytes: bytes) }) { queue.signal() }
        shared?.make()
    }

    /// Lets no append in any more; returns when those that had room are written and the thread has ended.
    func close() {
        let refused = queue.withLock { $0.close() }
        for ticket in refused { ticket.resume(returning: false) }
        queue.signal()
        _ = ended.wait { $0 ? true : nil }
    }

    private func hasRoom(_ bytes: Int) async -> Bool {
        switch queue.withLock({ $0.ask(bytes: bytes) }) {
        case .admitted: return true
        case .closed: return false
        case .full: break
        }
        return await withCheckedContinuation { ticket in
            let admission = queue.withLock { $0.askOrWait(bytes: bytes, ticket: ticket) }
            switch admission {
            case .admitted: ticket.resume(returning: true)
            case .closed: ticket.resume(returning: false)
            case .full: break
            }
        }
    }

    private func run() {
        while let appends = next() {
            group.write(appends)
            let admitted = queue.withLock { $0.finishGroup() }
            for ticket in admitted { ticket.resume(returning: true) }
        }
        ended.withLock { $0 = true }
        ended.signal()
    }

    /// The next group; nil when the queue is closed and empty.
    private func next() -> [PendingAppend]? {
        let isOpen = queue.wait { queue -> Bool? in
            if queue.isReady(1) { return true }
            return queue.isClosed && queue.isDrained ? false : nil
        }
        guard isOpen else { return nil }
        if patience > 0 {
            _ = queue.wait(upTo: patience) { queue in queue.isReady(queue.expectedCount) ? true : nil }
        }
        return queue.withLock { $0.takeGroup() }
    }
}

extension LogError {
    static func closed(during operation: String) -> LogError {
        LogError(.closed, during: operation, "the log was closed; open it again")
    }
}
