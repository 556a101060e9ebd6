import LMDB

/// The one thread of this process that writes the log.
///
/// Appends that arrive while it writes share the next group: at most one transaction for their new blobs, then one for
/// their events, and each of them is answered after the sync.
final class LogWriter: Sendable {
    private typealias Room = CheckedContinuation<Bool, Never>
    private typealias Queue = GroupCommit<Room, Submission>

    /// Commits of no more events than this are hashed before they are queued.
    private static let hashedBefore = 32
    /// How long the thread waits for company before it writes a group; less than a sync takes.
    private static let microseconds = 200

    private let queue: Monitor<Queue>
    private let group: GroupWriter
    private let limits: GroupLimits
    /// How many microseconds the thread waits for company before it writes a group.
    private let patience: Int
    /// Whether the thread has ended.
    private let ended = Monitor(false)

    init(_ group: GroupWriter, limits: GroupLimits, isDurable: Bool) {
        self.group = group
        self.limits = limits
        patience = isDurable ? LogWriter.microseconds : 0
        queue = Monitor(Queue(limits: limits))
        startThread { [self] in run() }
    }

    /// Appends a commit; returns when it is on disk.
    ///
    /// Suspends while the queue is full.
    func append(_ commit: Commit, blobs: BlobStore, key: DataKey? = nil) async throws(LogError) -> Appended {
        let size = AppendSize(bytes: LogWriter.byteCount(commit), commits: 1)
        guard await hasRoom(for: size) else { throw .closed(during: "appending to \(commit.stream)") }
        let proposal: Proposal
        let encoded: [EncodedBlob]
        do throws(LogError) {
            proposal = try Proposal(commit)
            encoded = try blobs.encodeNew(commit.blobs, key: key)
        } catch {
            withdraw(size)
            throw error
        }
        let result = await withCheckedContinuation { waiter in
            submit(proposal, encoded, waiter, size)
        }
        return try result.get()
    }

    /// Appends many commits in order; returns when all are on disk.
    ///
    /// They are queued in parts that each fit into a group: while one is written the next is encoded. Suspends while the
    /// queue is full; what has been queued is written meanwhile.
    ///
    /// `keys` has what seals the blobs of each; it is empty where nothing is sealed.
    func append(
        _ commits: [Commit], blobs: BlobStore, keys: [DataKey?] = []
    ) async -> [Result<Appended, LogError>] {
        let results = BatchResults(count: commits.count)
        let sizes = LogWriter.byteCounts(commits)
        for part in limits.parts(of: sizes) {
            let size = AppendSize(bytes: sizes[part].reduce(0, +), commits: part.count)
            guard await hasRoom(for: size) else {
                results.finish(part, with: part.map { .failure(.closed(during: "appending to \(commits[$0].stream)")) })
                continue
            }
            if let submission = LogWriter.submission(of: commits, part, results, blobs, keys) {
                enqueue(submission, size)
            } else {
                withdraw(size)
            }
        }
        return await results.all()
    }

    /// Some commits of a call, encoded and, where their records are final already, hashed; nil if none of them can be.
    private static func submission(
        of commits: [Commit], _ part: Range<Int>, _ results: BatchResults, _ store: BlobStore, _ keys: [DataKey?]
    ) -> Submission? {
        var appends: [PendingAppend] = []
        appends.reserveCapacity(part.count)
        var places: [Int] = []
        places.reserveCapacity(part.count)
        var blobs: [EncodedBlob] = []
        let commits = commits.span
        for place in part {
            do throws(LogError) {
                let proposal = try Proposal(commits[place])
                blobs += try store.encodeNew(commits[place].blobs, key: keys.isEmpty ? nil : keys[place])
                let leaves = proposal.expected == .any ? nil : Leaves(of: proposal.records)
                appends.append(PendingAppend(proposal: proposal, leaves: leaves))
                places.append(place)
            } catch {
                results.finish(CollectionOfOne(place), with: CollectionOfOne(.failure(error)))
            }
        }
        if appends.isEmpty { return nil }
        return Submission(appends: appends, blobs: blobs, answer: .part(results, places: places))
    }

    /// Queues an append and hashes its records; those of a large one while the writer writes them.
    ///
    /// Where any revision is expected the records aren't final before the writer has placed them, so it hashes them.
    private func submit(
        _ proposal: Proposal, _ blobs: [EncodedBlob],
        _ waiter: CheckedContinuation<Result<Appended, LogError>, Never>, _ size: AppendSize
    ) {
        let isPlaced = proposal.expected != .any
        let shared =
            isPlaced && proposal.records.count > LogWriter.hashedBefore ? LeafHashes(of: proposal.records) : nil
        let leaves = shared.map { .shared($0) } ?? (isPlaced ? Leaves(of: proposal.records) : nil)
        let append = PendingAppend(proposal: proposal, leaves: leaves)
        enqueue(Submission(appends: [append], blobs: blobs, answer: .one(waiter)), size)
        shared?.make()
    }

    private func enqueue(_ submission: Submission, _ size: AppendSize) {
        if queue.withLock({ $0.enqueue(submission, size) }) { queue.signal() }
    }

    /// Gives back the room of what will not be queued.
    private func withdraw(_ size: AppendSize) {
        let admitted = queue.withLock { $0.withdraw(size) }
        for ticket in admitted { ticket.resume(returning: true) }
        queue.signal()
    }

    private static func byteCount(_ commit: borrowing Commit) -> Int {
        var total = RecordCodec.byteCount(commit)
        for blob in commit.blobs { total += blob.bytes.count }
        return total
    }

    private static func byteCounts(_ commits: [Commit]) -> [Int] {
        let commits = commits.span
        return commits.indices.map { byteCount(commits[$0]) }
    }

    /// Lets no append in any more; returns when those that had room are written and the thread has ended.
    func close() {
        let refused = queue.withLock { $0.close() }
        for ticket in refused { ticket.resume(returning: false) }
        queue.signal()
        _ = ended.wait { $0 ? true : nil }
    }

    private func hasRoom(for size: AppendSize) async -> Bool {
        switch queue.withLock({ $0.ask(size) }) {
        case .admitted: return true
        case .closed: return false
        case .full: break
        }
        return await withCheckedContinuation { ticket in
            let admission = queue.withLock { $0.askOrWait(size, ticket: ticket) }
            switch admission {
            case .admitted: ticket.resume(returning: true)
            case .closed: ticket.resume(returning: false)
            case .full: break
            }
        }
    }

    private func run() {
        while let submissions = next() {
            group.write(submissions)
            let admitted = queue.withLock { $0.finishGroup() }
            for ticket in admitted { ticket.resume(returning: true) }
        }
        ended.withLock { $0 = true }
        ended.signal()
    }

    /// The next group; nil when the queue is closed and empty.
    private func next() -> [Submission]? {
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
