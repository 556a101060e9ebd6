import CanonicalJSON
import LMDB
import Synchronization

/// The stored rows and states of all read models of a log: one LMDB environment.
///
/// All rows are in one table behind their generation, so that a rebuilt read model takes over by a change of state, in
/// one transaction, and no process is left with a handle to tables that are gone.
final class ViewStore: Sendable {
    let environment: Environment
    let rows: Table
    private let states: Table
    private let directory: ViewDirectory
    private let isClosed = Mutex(false)

    /// How a row gets into the store, if the state that it was made from still holds.
    struct Change {
        let key: [UInt8]
        let expected: ViewState
        let next: ViewState
        let writes: RowWrites
    }

    init(_ directory: ViewDirectory) throws {
        var configuration = Environment.Configuration()
        configuration.durability = .noSync
        configuration.maxTables = 4
        self.directory = directory
        environment = try Environment.open(at: directory.path, configuration)
        rows = try environment.openTable("rows")
        states = try environment.openTable("states")
    }

    /// Leaves the directory in order; nothing may use the store after that.
    ///
    /// Harmless when repeated.
    func close() {
        guard
            isClosed.withLock({ wasClosed in
                defer { wasClosed = true }; return !wasClosed
            })
        else { return }
        directory.leave { try environment.sync() }
        environment.close()
    }

    func write<R>(_ body: (borrowing WriteTransaction) throws -> R) throws -> R {
        try directory.markDirty()
        return try environment.write(body)
    }

    // MARK: States

    func state(_ key: [UInt8], _ transaction: borrowing some Transaction & ~Copyable) throws -> ViewState? {
        try transaction.withValue(of: key, in: states) { try ViewState(canonicalBytes: $0) }
    }

    func set(_ state: ViewState?, at key: [UInt8], _ transaction: borrowing WriteTransaction) throws {
        if let state {
            try transaction.put(state.canonicalBytes(), at: key, in: states)
        } else {
            try transaction.delete(key, in: states)
        }
    }

    /// The states of all versions of a projector, or of all projectors.
    func states(
        of projector: String?, _ transaction: borrowing some Transaction & ~Copyable
    ) throws -> [(key: [UInt8], version: Int, state: ViewState)] {
        var found: [(key: [UInt8], version: Int, state: ViewState)] = []
        let prefix = projector.map { KeyPrefix($0).bytes }
        try transaction.forEach(in: states, prefix.map { .prefix($0) } ?? .all) { key, value in
            let key = key.withUnsafeBytes { Array($0) }
            if key != Self.headerKey {
                var reader = KeyReader(bytes: key[...])
                _ = try reader.read(String.self)
                found.append((key, try reader.read(Int.self), try ViewState(canonicalBytes: value)))
            }
            return true
        }
        return found
    }

    static func key(of projector: any Projector.Type) -> [UInt8] {
        var writer = KeyWriter([])
        writer.append(projector.name)
        writer.append(projector.version)
        return writer.bytes
    }

    func header(_ transaction: borrowing some Transaction & ~Copyable) throws -> ViewsHeader? {
        try transaction.withValue(of: Self.headerKey, in: states) { try ViewsHeader(canonicalBytes: $0) }
    }

    func set(_ header: ViewsHeader, _ transaction: borrowing WriteTransaction) throws {
        try transaction.put(header.canonicalBytes(), at: Self.headerKey, in: states)
    }

    /// The key of an empty name, which no projector has.
    private static let headerKey = KeyPrefix("").bytes

    // MARK: Rows

    static func prefix(of generation: UInt32) -> [UInt8] {
        stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: generation >> UInt32($0)) }
    }

    /// Commits changes together; those whose state is no longer the expected one are left out, and come back false.
    func commit(_ changes: [Change]) throws -> [Bool] {
        try write { transaction in
            var accepted: [Bool] = []
            for change in changes {
                let holds = try state(change.key, transaction) == change.expected
                accepted.append(holds)
                guard holds else { continue }
                try set(change.next, at: change.key, transaction)
                if !change.writes.isEmpty { try put(change.writes, transaction) }
            }
            return accepted
        }
    }

    private func put(_ writes: RowWrites, _ transaction: borrowing WriteTransaction) throws {
        try transaction.withWriteCursor(in: rows) { cursor in
            // Rows of a new generation come behind all others, as each batch of them is in key order.
            let mode: PutMode =
                if let first = writes.firstKeyOfAdditions, try !cursor.position.seek(to: first.span.bytes) {
                    .append
                } else {
                    .upsert
                }
            try writes.forEach { key, value in
                if let value {
                    try cursor.put(value.bytes, at: key.bytes, mode: mode)
                } else if try cursor.position.seek(exactly: key.bytes) {
                    try cursor.delete()
                }
            }
        }
    }

    /// Removes the rows of generations that nobody asks any more, some at a time.
    func removeGarbage() throws {
        while let generation = try environment.read({ try header($0)?.garbage.first }) {
            try write { transaction in
                guard var header = try header(transaction), header.garbage.contains(generation) else { return }
                if try removeRows(of: generation, transaction) {
                    header.garbage.removeAll { $0 == generation }
                    try set(header, transaction)
                }
            }
        }
    }

    private static let rowsRemovedAtOnce = 20_000

    /// True if no row is left.
    private func removeRows(of generation: UInt32, _ transaction: borrowing WriteTransaction) throws -> Bool {
        let prefix = Self.prefix(of: generation)
        return try transaction.withWriteCursor(in: rows) { cursor in
            var removed = 0
            var more = try cursor.position.seek(to: prefix.span.bytes)
            while try more && cursor.position.key().starts(with: prefix) {
                if removed == Self.rowsRemovedAtOnce { return false }
                try cursor.delete()
                removed += 1
                more = try cursor.position.next()
            }
            return true
        }
    }
}
