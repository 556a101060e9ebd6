internal import CLMDB
internal import Glibc
internal import Synchronization

/// One LMDB environment: a directory with a data file and a lock file, and the tables in it.
///
/// A process opens a directory once and shares the `Environment`; any number of processes may have it open. Reads go on
/// while another thread or process writes, and see the state of the last commit before they began. One write transaction
/// runs at a time, in all processes together.
///
/// What transactions lend is valid within their closure only, and they belong to the thread that runs it: don't wait in
/// one for another thread that uses the same environment. Keep reads short: pages that were freed since a read began
/// can't be used again until it ends, so the file grows meanwhile.
///
/// `@unchecked Sendable`: the handle is valid from `init` until the gate has let nobody in any more, LMDB locks what it
/// points to, and only code that `gate` runs exclusively replaces the map.
@safe public final class Environment: @unchecked Sendable {
    /// How an environment is opened.
    public struct Configuration: Sendable {
        /// How many named tables can be open at once.
        public var maxTables = 32
        /// The bytes of address space reserved to begin with; it grows by itself.
        ///
        /// The file is only as large as its data.
        public var initialMapSize = 64 << 20
        /// The bytes that the map never grows beyond.
        public var maximumMapSize = 8 << 40
        /// How many read transactions can be open at once, in all processes.
        ///
        /// The first process to open decides.
        public var maxReaders = 512
        /// Whether a commit waits for the disk.
        public var durability = Durability.durable
        /// Whether writing is allowed.
        public var access = Access.readWrite

        /// The defaults: durable, readable and writable.
        public init() {}
    }

    /// What a commit promises.
    public enum Durability: Sendable {
        /// When a write returns it is on disk.
        case durable
        /// The operating system writes when it likes. A killed process loses nothing; after a crash of the machine the
        /// file may be damaged, so use it for what can be made again.
        case noSync
    }

    /// What may be done with an environment.
    public enum Access: Sendable {
        /// Reading and writing; the directory is made if it is missing.
        case readWrite
        /// Reading only. The lock file must still be writable, unless the whole file system is read-only.
        case readOnly
    }

    /// The directory, as it was given to ``open(at:_:)``.
    public let path: String
    /// How it was opened.
    public let configuration: Configuration

    let handle: OpaquePointer
    let gate = TransactionGate()
    let process = getpid()
    /// Tells tables of this environment from those of others in this process.
    let identifier: UInt64
    /// Held while a table is opened, as LMDB wants only one transaction at a time to do that.
    let tableOpening = Mutex<Void>(())
    /// Set when replacing the map failed, so that nothing touches it any more.
    let unmapped = Atomic<Bool>(false)
    private let identity: OpenEnvironments.Identity
    /// Keeps the directory's number from being given to another one while this one is registered under it.
    private let directory: FileDescriptor

    private static let nextIdentifier = Atomic<UInt64>(1)

    init(
        _ handle: OpaquePointer, _ path: String, _ configuration: Configuration, _ directory: consuming FileDescriptor,
        _ identity: OpenEnvironments.Identity
    ) {
        unsafe self.handle = handle
        self.directory = directory
        self.path = path
        self.configuration = configuration
        self.identity = identity
        identifier = Self.nextIdentifier.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    deinit {
        close()
    }

    /// Lets no transaction begin any more, and closes the files when the last open one ends.
    ///
    /// Harmless when repeated.
    public func close() {
        guard getpid() == process else { return }
        if gate.close() { release() }
    }

    /// Waits until everything committed is on disk; of use with `.noSync`.
    public func sync() throws(LMDBError) {
        guard configuration.access == .readWrite else { throw .readOnly(path, "syncing") }
        try enter(writing: false, "syncing")
        defer { leave(writing: false) }
        let returnCode = unsafe mdb_env_sync(handle, 1)
        if returnCode != 0 { throw LMDBError(returnCode, "syncing \(path)") }
    }

    /// Counts a transaction of this thread in.
    func enter(writing: Bool, _ operation: String) throws(LMDBError) {
        guard getpid() == process else { throw .forked(path, operation) }
        switch gate.enter(writing: writing) {
        case .admitted: break
        case .closed: throw .closed(path, operation)
        case .nestedWrite: throw .nested("writing in \(path)")
        }
        if unmapped.load(ordering: .acquiring) {
            leave(writing: writing)
            throw .unmapped(path, operation)
        }
    }

    /// Counts a transaction of this thread out.
    func leave(writing: Bool) {
        if gate.leave(writing: writing) { release() }
    }

    private func release() {
        unsafe mdb_env_close(handle)
        OpenEnvironments.unregister(identity)
    }
}
