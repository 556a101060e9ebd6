package import Cairn
import GRDB

/// One question in SQL: understood, and what it reads known, before anything is prepared for it.
package struct SQLQuestion: Sendable {
    package let sql: String
    /// The tables that it reads.
    package let tables: [ExportTable]

    /// Refuses SQL that isn't understood, that names what isn't there, or that would do more than read.
    package init(_ sql: String) throws(SQLFailure) {
        self.sql = sql
        do {
            tables = try Self.tables(readBy: sql)
        } catch let error as SQLFailure {
            throw error
        } catch let error as DatabaseError {
            throw SQLFailure(question: error)
        } catch {
            throw SQLFailure(.question, "SQL: \(error)")
        }
    }

    /// Asks SQLite itself, over tables without rows.
    private static func tables(readBy sql: String) throws -> [ExportTable] {
        try DatabaseQueue().write { database in
            for table in ExportTables.all { try database.execute(sql: TableSchema(table).creation()) }
            let statement = try onlyStatement(of: sql, in: database)
            guard statement.isReadonly, statement.columnCount > 0 else { throw SQLFailure.onlyReading }
            var seen: Set<String> = []
            for name in statement.columnNames where !seen.insert(name).inserted {
                throw SQLFailure(.question, "two columns of the answer are named \(name)", remedy: "name one with AS")
            }
            return try opened(by: sql, in: database)
        }
    }

    private static func onlyStatement(of sql: String, in database: Database) throws -> Statement {
        let statements = try database.allStatements(sql: sql)
        guard let statement = try statements.next() else { throw SQLFailure.nothing }
        do {
            guard try statements.next() != nil else { return statement }
        } catch is DatabaseError {
            // Whatever it is, there is something behind the first.
        }
        throw SQLFailure.several
    }

    /// The tables that SQLite's program for a question opens: its authorizer doesn't tell of one that is only joined by
    /// `USING`.
    private static func opened(by sql: String, in database: Database) throws -> [ExportTable] {
        // What asks for a plan is answered without any row.
        guard let program = try? Row.fetchAll(database, sql: "EXPLAIN " + sql) else { return [] }
        let pages = program.filter { $0["opcode"] == "OpenRead" && $0["p3"] == 0 }.map { $0["p2"] as Int }
        let names = try Row.fetchAll(database, sql: "SELECT tbl_name, rootpage FROM sqlite_master")
            .filter { pages.contains($0["rootpage"]) }.map { $0["tbl_name"] as String }
        return ExportTables.all.filter { names.contains($0.name) }
    }
}

/// The rows that answer a question.
package struct SQLAnswer: Equatable, Sendable {
    package let columns: [String]
    package let rows: [[TableValue]]
    /// Whether there are more rows than were wanted.
    package let isCut: Bool
}
