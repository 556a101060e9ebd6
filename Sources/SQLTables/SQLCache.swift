import Cairn
import Determinism
import EventLog
import GRDB
import Glibc
import Projections

/// The tables as SQLite keeps them in `views/`, brought up to date before each question, and only those it reads.
///
/// Nothing of a blob is in them. The file may be deleted at any time. Its name has the machine's boot id, since a crash
/// may have damaged what wasn't synced: after one, there is another file.
struct SQLCache {
    private static let prefix = "sql-"
    let path: String

    /// Removes what another version or an earlier boot of the machine has left.
    init(in directory: String) {
        let layout = ExportTables.all.map { TableSchema($0, hasBlobColumns: false).creation() }.joined()
        let name = Self.prefix + String(Digest(of: layout + BootID.current).hex.prefix(16)) + ".sqlite"
        path = directory + "/" + name
        for other in DirectoryEntries.names(in: directory) ?? []
        where other.hasPrefix(Self.prefix) && !other.hasPrefix(name) {
            unlink(directory + "/" + other)
        }
    }

    /// Makes the tables what they are at the end of `source`.
    func refresh(_ tables: [ExportTable], from source: TableSource) throws {
        do {
            try Self.refresh(try open(), tables, from: source)
        } catch let error as DatabaseError where Self.isDamage(error) {
            remove()
            try Self.refresh(try open(), tables, from: source)
        }
    }

    /// Lets the tables be filled anew by the next question.
    func forget() throws {
        guard access(path, F_OK) == 0 else { return }
        do {
            let queue = try open()
            defer { try? queue.close() }
            try queue.write { try $0.execute(sql: "DROP TABLE IF EXISTS cairn_state") }
        } catch let error as DatabaseError where Self.isDamage(error) {
            remove()
        }
    }

    private static func isDamage(_ error: DatabaseError) -> Bool {
        [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
    }

    private func remove() {
        for ending in ["", "-wal", "-shm"] { unlink(path + ending) }
    }

    private func open() throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(60)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536")
        }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Fills a database with the tables, or brings it up to date.
    static func refresh(_ queue: DatabaseQueue, _ tables: [ExportTable], from source: TableSource) throws {
        defer { try? queue.close() }
        try fill(queue, tables, from: source)
    }

    static func fill(_ queue: DatabaseQueue, _ tables: [ExportTable], from source: TableSource) throws {
        try queue.inTransaction(.immediate) { database in
            try database.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS cairn_state (
                      name TEXT PRIMARY KEY, position INTEGER NOT NULL, last_commit TEXT NOT NULL
                    ) WITHOUT ROWID
                    """)
            for table in ExportTables.all {
                try database.execute(sql: TableSchema(table, hasBlobColumns: false).creation(ifMissing: true))
            }
            for table in tables { try TableRefresh(table, source, database).run() }
            return .commit
        }
    }
}

/// One table's way from where it stands to the end of a source.
private struct TableRefresh {
    private let table: ExportTable
    private let schema: TableSchema
    private let source: TableSource
    private let database: Database

    init(_ table: ExportTable, _ source: TableSource, _ database: Database) {
        self.table = table
        self.source = source
        self.database = database
        schema = TableSchema(table, hasBlobColumns: false)
    }

    func run() throws {
        guard let position = try position(), position <= source.end else {
            try database.execute(sql: "DROP TABLE IF EXISTS \(table.name.quoted)")
            try database.execute(sql: schema.creation())
            try insertRows(from: .first)
            return try note()
        }
        guard position < source.end else { return }
        if table.projectors.isEmpty {
            try insertRows(from: position)
        } else if try isChanged(since: position), try !replaceRows(since: position) {
            try database.execute(sql: "DELETE FROM \(table.name.quoted)")
            try insertRows(from: .first)
        }
        try note()
    }

    /// Where the table stands; nil when it isn't there, or was made from another log.
    private func position() throws -> Position? {
        let row = try Row.fetchOne(
            database, sql: "SELECT position, last_commit FROM cairn_state WHERE name = ?", arguments: [table.name])
        guard let row else { return nil }
        let position = Position(UInt64(clamping: row["position"] as Int64))
        guard try lastCommit(before: position) == row["last_commit"] as String else { return nil }
        return position
    }

    private func lastCommit(before position: Position) throws -> String? {
        position > .first ? try source.log.lastCommit(before: position)?.hex : ""
    }

    /// Whether an event was recorded that the table's rows depend on.
    private func isChanged(since position: Position) throws -> Bool {
        let filter = EventFilter(types: table.types, positions: position..<source.end)
        var next: Position? = position
        while let from = next {
            let page = try source.log.read(.forward, from: from, matching: filter, limit: 1)
            if !page.events.isEmpty { return true }
            next = page.next
        }
        return false
    }

    /// Writes the rows that something happened to; false where only all rows will do.
    private func replaceRows(since position: Position) throws -> Bool {
        let insertion = try RowInsertion(schema, orReplace: true, in: database)
        return try table.forEachRow(of: source, changedSince: position) { try insertion.insert($0) }
    }

    private func insertRows(from first: Position) throws {
        let insertion = try RowInsertion(schema, in: database)
        var part = source
        part.first = first
        try table.forEachRow(of: part) { try insertion.insert($0) }
    }

    private func note() throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO cairn_state VALUES (?, ?, ?)",
            arguments: [table.name, Int64(clamping: source.end.rawValue), try lastCommit(before: source.end) ?? ""])
    }
}
