package import Cairn
import EventLog
import GRDB
package import Projections

/// Answers questions in SQL over the tables of a store, reading only.
package struct SQLSession {
    private let store: Store
    private let past: PastViews?

    /// `moment` nil asks for the present.
    package init(_ store: Store, at moment: AsOf? = nil) throws {
        self.store = store
        past = try moment.map { try store.views.asOf($0) }
    }

    /// Throws away the tables that were kept for questions: whoever doubts them has the next question make them anew.
    package static func forgetTables(of store: Store) throws {
        try SQLCache(in: viewsOf(store)).forget()
    }

    private static func viewsOf(_ store: Store) -> String { store.path + "/views" }

    /// The first `limit` rows that answer a question.
    package func answer(_ question: SQLQuestion, limit: Int) throws -> SQLAnswer {
        do {
            let queue = try prepared(question)
            defer { try? queue.close() }
            return try queue.read { database in try Self.rows(of: question, limit, in: database) }
        } catch let error as DatabaseError {
            throw SQLFailure(question: error)
        }
    }

    /// A connection to tables that are up to date, on which nothing can be written.
    private func prepared(_ question: SQLQuestion) throws -> DatabaseQueue {
        let isKept = past == nil && !store.log.isReadOnly
        let cache = isKept ? SQLCache(in: Self.viewsOf(store)) : nil
        let temporary = isKept ? nil : try DatabaseQueue(path: "", configuration: configuration(readonly: false))
        try ExportTables.withSource(of: question.tables, in: store, past: past, readsBlobs: false) { source in
            if let temporary {
                try SQLCache.fill(temporary, question.tables, from: source)
            } else {
                try cache?.refresh(question.tables, from: source)
            }
        }
        let queue =
            try temporary
            ?? DatabaseQueue(path: cache?.path ?? "", configuration: configuration(readonly: true))
        try queue.inDatabase { database in
            try addBlobColumns(of: question.tables, to: database)
            try database.execute(sql: "PRAGMA query_only = ON")
        }
        return queue
    }

    private func configuration(readonly: Bool) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = readonly
        configuration.busyMode = .timeout(60)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536")
        }
        return configuration
    }

    /// Tables are kept without what blobs hold: a view of the same name reads that when it is asked for.
    private func addBlobColumns(of tables: [ExportTable], to database: Database) throws {
        for table in tables where table.columns.contains(where: \.isFromBlobs) {
            let reader = TurnTextReader(of: store, past: past)
            let function = DatabaseFunction("cairn_text", argumentCount: 1 + table.key.count) { arguments in
                guard let column = String.fromDatabaseValue(arguments[0]) else { return nil }
                return try reader.value(column, of: arguments.dropFirst().map(TableValue.init(_:))).databaseValue
            }
            database.add(function: function)
            let key = table.key.map(\.quoted).joined(separator: ", ")
            let columns = table.columns.map { column in
                column.isFromBlobs
                    ? "cairn_text('\(column.name)', \(key)) AS \(column.name.quoted)" : column.name.quoted
            }
            try database.execute(
                sql: """
                    CREATE TEMP VIEW \(table.name.quoted) AS
                    SELECT \(columns.joined(separator: ", ")) FROM main.\(table.name.quoted)
                    """)
        }
    }

    private static func rows(of question: SQLQuestion, _ limit: Int, in database: Database) throws -> SQLAnswer {
        let statement = try database.makeStatement(sql: question.sql)
        guard statement.isReadonly else { throw SQLFailure.onlyReading }
        var rows: [[TableValue]] = []
        let cursor = try Row.fetchCursor(statement)
        while let row = try cursor.next() {
            if rows.count == limit { return SQLAnswer(columns: statement.columnNames, rows: rows, isCut: true) }
            rows.append(row.databaseValues.map(TableValue.init(_:)))
        }
        return SQLAnswer(columns: statement.columnNames, rows: rows, isCut: false)
    }
}

extension TableValue {
    /// Bytes, which no table of ours has, are shown in hexadecimal.
    init(_ value: DatabaseValue) {
        self =
            switch value.storage {
            case .null: .null
            case .int64(let number): .integer(number)
            case .double(let number): .real(number)
            case .string(let text): .text(text)
            case .blob(let bytes): .text(bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
            }
    }
}
