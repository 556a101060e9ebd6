package import Cairn
import EventLog
import GRDB
import Glibc

/// Tables as a file of SQLite, for pandas, R, Datasette and whatever else reads one.
///
/// The same rows give the same bytes, with one version of SQLite.
///
/// It appears under its name when it is finished.
package final class SQLiteFile {
    private let path: String
    private let temporary: String

    /// Replaces the file that the name leads to, when finished; what killed processes have left of it goes now.
    package init(replacing path: String) throws {
        let path = try OutputPlace.resolved(path)
        self.path = path
        temporary = Leftovers.partial(of: path)
        Leftovers.removeFiles(of: path)
        unlink(temporary)
    }

    deinit { unlink(temporary) }

    /// Writes the tables, a description of every column, and what the file is about; answers how many rows each table has.
    package func write(
        _ tables: [ExportTable], of source: TableSource, about: [(name: String, value: String)]
    ) throws -> [(table: String, rows: Int)] {
        do {
            return try Self.fill(temporary, tables, source, about)
        } catch let error as DatabaseError {
            throw SQLFailure(file: path, error)
        }
    }

    /// Puts the bytes on disk, and then the name on them.
    package func finish() throws {
        let file = open(temporary, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw SQLFailure(.file, "can't write \(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        guard fsync(file) == 0, rename(temporary, path) == 0 else {
            throw SQLFailure(.file, "can't write \(path): \(String(cString: strerror(errno)))")
        }
    }

    private static func fill(
        _ path: String, _ tables: [ExportTable], _ source: TableSource, _ about: [(name: String, value: String)]
    ) throws -> [(table: String, rows: Int)] {
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            // Until it has its name nobody else sees the file: a crash leaves nothing that could be half.
            try database.execute(
                sql: """
                    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
                    PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536
                    """)
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        var counts: [(table: String, rows: Int)] = []
        try queue.inTransaction(.exclusive) { database in
            try describe(tables, about, in: database)
            for table in tables {
                let schema = TableSchema(table)
                try database.execute(sql: schema.creation())
                let insertion = try RowInsertion(schema, in: database)
                var rows = 0
                try table.forEachRow(of: source) { values in
                    try insertion.insert(values)
                    rows += 1
                }
                counts.append((table.name, rows))
            }
            return .commit
        }
        return counts
    }

    /// The names and meanings of all columns, and what the file is about, as tables of their own.
    private static func describe(
        _ tables: [ExportTable], _ about: [(name: String, value: String)], in database: Database
    ) throws {
        try database.execute(
            sql: """
                CREATE TABLE export_information (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
                CREATE TABLE tables_documentation (table_name TEXT PRIMARY KEY, meaning TEXT) WITHOUT ROWID;
                CREATE TABLE columns_documentation (
                  table_name TEXT, place INTEGER, column_name TEXT, type TEXT, meaning TEXT,
                  PRIMARY KEY (table_name, place)
                ) WITHOUT ROWID
                """)
        for (name, value) in about {
            try database.execute(sql: "INSERT INTO export_information VALUES (?, ?)", arguments: [name, value])
        }
        for table in tables {
            try database.execute(
                sql: "INSERT INTO tables_documentation VALUES (?, ?)", arguments: [table.name, table.meaning])
            for (place, column) in table.columns.enumerated() {
                try database.execute(
                    sql: "INSERT INTO columns_documentation VALUES (?, ?, ?, ?, ?)",
                    arguments: [table.name, place, column.name, column.kind.rawValue, column.meaning])
            }
        }
    }
}
