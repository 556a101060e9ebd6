public import Determinism
import LMDB

/// The log of one store directory, in two LMDB environments: `log/` for events and `blobs/` for what they name.
///
/// Any number of processes may have a store open; a process opens it once and shares the object. Close it when done;
/// what was appended is on disk either way.
public final class LMDBLog: Log {
    /// How a store is opened.
    public struct Options: Sendable {
        /// What may be done, and whether the store must be there.
        public enum Access: Sendable {
            /// Makes the store if there is none.
            case create
            /// The store must be there.
            case mustExist
            /// The store must be there, and nothing is written.
            case readOnly
        }

        /// What an acknowledged append promises.
        public enum Durability: Sendable {
            /// It is on disk.
            case durable
            /// It survives the process, but not a crash of the machine: for stores that can be made again.
            case noSync
        }

        /// What may be done, and whether the store must be there.
        public var access: Access
        /// What an acknowledged append promises.
        public var durability: Durability
        /// The bytes of address space that the log's map begins with; it grows by itself.
        package var initialMapSize = 256 << 20
        /// Whether every page is judged before any is believed; reads both data files once.
        ///
        /// LMDB believes what it maps, so a page that others damaged can end the process. Set it where that may be.
        public var checksPages = false
        /// What the blobs of a commit belong to, in an encrypted store.
        package var sealing = BlobSealing()
        /// The bounds of the queue in front of the writer.
        var group = GroupLimits()

        /// By default the store is made if there is none, and appends are durable.
        public init(access: Access = .create, durability: Durability = .durable) {
            self.access = access
            self.durability = durability
        }
    }

    /// The store's directory.
    public let directory: String
    /// What the store says of itself.
    public let manifest: StoreManifest
    /// Whether nothing can be appended.
    public let isReadOnly: Bool

    let reader: LogReader
    let blobs: BlobStore
    let sealing: BlobSealing
    private let watcher: LogWatcher
    private let writer: LogWriter?

    init(_ directory: String, _ manifest: StoreManifest, _ options: Options, _ reader: LogReader, _ blobs: BlobStore) {
        self.directory = directory
        self.manifest = manifest
        self.reader = reader
        self.blobs = blobs
        sealing = options.sealing
        isReadOnly = options.access == .readOnly
        watcher = LogWatcher(dataFile: reader.environment.path + "/data.mdb") { () throws(LogError) in
            try reader.meta().size
        }
        let group = GroupWriter(reader, blobs: blobs, watcher: watcher)
        writer =
            isReadOnly
            ? nil : LogWriter(group, limits: options.group, isDurable: options.durability == .durable)
    }

    deinit {
        close()
    }

    /// Finishes the appends under way, wakes subscribers with `.closed`, and closes the files.
    ///
    /// Harmless when repeated.
    public func close() {
        stop()
        reader.environment.close()
        blobs.environment.close()
    }

    /// Finishes the appends under way and wakes subscribers; from then on nothing is appended.
    func stop() {
        writer?.close()
        watcher.close()
    }

    /// Appends a commit; returns when it is on disk.
    ///
    /// Not cancelled with its task.
    public func append(_ commit: Commit) async throws(LogError) -> Appended {
        guard let writer else { throw LMDBLog.readOnly(commit) }
        if manifest.isEncrypted, !commit.blobs.isEmpty {
            let key = try await dataKey(of: try sealing.scope(commit, self))
            return try await writer.append(commit, blobs: blobs, key: key)
        }
        return try await writer.append(commit, blobs: blobs)
    }

    /// Appends many commits in order, each accepted or refused alone; returns when all are on disk.
    ///
    /// Many commits share a transaction and a sync. Not cancelled with its task. When the log is closed meanwhile, those
    /// that came too late are refused with `.closed`.
    public func append(_ commits: [Commit]) async -> [Result<Appended, LogError>] {
        guard let writer else { return commits.map { .failure(LMDBLog.readOnly($0)) } }
        guard manifest.isEncrypted else { return await writer.append(commits, blobs: blobs) }
        do throws(LogError) {
            var keys: [DataKey?] = []
            for commit in commits {
                guard !commit.blobs.isEmpty else {
                    keys.append(nil)
                    continue
                }
                keys.append(try await dataKey(of: try sealing.scope(commit, self)))
            }
            return await writer.append(commits, blobs: blobs, keys: keys)
        } catch {
            return commits.map { _ in .failure(error) }
        }
    }

    /// The key that seals what belongs to a scope; made, and announced by an event, when it is needed first.
    func dataKey(of scope: String) async throws(LogError) -> DataKey {
        guard let keys = blobs.keys, let writer else {
            throw LogError(
                .invalid, during: "sealing blobs in \(directory)",
                "the store is encrypted, and its keys aren't here; copy its directory keys/ to this place")
        }
        func key(_ scope: String) async throws(LogError) -> DataKey {
            if let key = try keys.key(of: scope) { return key }
            return try await keys.make(for: scope) { (name) throws(LogError) in
                guard let commit = sealing.announcement(name, scope, self) else { return }
                _ = try await writer.append(commit, blobs: blobs)
            }
        }
        if scope != BlobKeys.sharedScope { _ = try await key(BlobKeys.sharedScope) }
        return try await key(scope)
    }

    private static func readOnly(_ commit: Commit) -> LogError {
        LogError(.readOnly, during: "appending to \(commit.stream)", "the store was opened for reading only")
    }

    /// The size and Merkle root of the log.
    public func head() throws(LogError) -> TreeHead {
        let meta = try reader.meta()
        return TreeHead(size: meta.size, root: meta.root)
    }

    /// The size and root that the log had when it had `size` events; nil when it has fewer.
    public func head(ofSize size: UInt64) throws(LogError) -> TreeHead? {
        try reader.reading("reading the head of the first \(size) events") { transaction in
            guard try reader.tables.meta(in: transaction).size >= size else { return nil }
            return TreeHead(size: size, root: try reader.tables.tree(ofSize: size, in: transaction).root)
        }
    }

    /// The event at a position; nil at and after the end.
    public func event(at position: Position) throws(LogError) -> Event? { try reader.event(at: position) }

    /// The position of a stream's event; nil when the stream has no such revision.
    public func position(of stream: StreamName, revision: Revision) throws(LogError) -> Position? {
        try reader.position(of: stream, revision: revision)
    }

    /// The revision of a stream's last event; nil when it has none.
    public func lastRevision(of stream: StreamName) throws(LogError) -> Revision? {
        try reader.lastRevision(of: stream)
    }

    /// One page of at most `limit` events.
    public func read(
        _ direction: ReadDirection, from position: Position? = nil, matching filter: EventFilter = .all,
        limit: Int = 1_000
    ) throws(LogError) -> Page {
        try reader.page(direction, from: position, matching: filter, limit: limit)
    }

    /// At most `limit` events of one stream.
    public func readStream(
        _ stream: StreamName, _ direction: ReadDirection, from revision: Revision?, limit: Int
    ) throws(LogError) -> [Event] {
        try reader.readStream(stream, direction, from: revision, limit: limit)
    }

    /// Calls `body` with every matching event of a range, in batches.
    public func scan(
        from position: Position, to end: Position?, matching filter: EventFilter, _ body: (Event) throws -> Void
    ) throws {
        let head = Position(try reader.meta().size)
        let end = min(end ?? head, head)
        var bounded = filter
        let lower = filter.positions?.lowerBound ?? .first
        bounded.positions = lower..<max(lower, min(end, filter.positions?.upperBound ?? end))
        let matcher = RecordMatcher(bounded)
        var next = position
        var reader = reader
        // Few buffers for each transaction: they are warm when they come round again.
        reader.limits.bytes = PageBuilder.bufferBytes * 4 * 15 / 16
        var page = PageBuilder()
        while true {
            let step = try reader.step(from: next, matching: bounded, matcher, limit: .max, into: &page)
            try page.forEach(body)
            if step.isAtEnd { return }
            next = step.next
            page.removeAll()
        }
    }

    /// Every matching event from a position on, those recorded already and then each new one.
    public func subscribe(from position: Position = .first, matching filter: EventFilter = .all) -> Subscription {
        let matcher = RecordMatcher(filter)
        return Subscription(
            from: position, to: filter.positions?.upperBound,
            look: { [reader] (next) throws(LogError) in
                try reader.step(from: next, matching: filter, matcher, limit: 4_096)
            },
            growth: { [watcher] (next) throws(LogError) in try await watcher.wait(for: next) })
    }

    /// The bytes with this hash; nil when they were never stored, have been erased, or are sealed with a key that isn't
    /// here.
    public func blob(_ digest: Digest) throws(LogError) -> [UInt8]? { try blobs.bytes(digest) }
}
