import Cairn
import GRDB

/// Inserts rows by one prepared statement.
struct RowInsertion {
    private let statement: Statement
    private let places: [Int]

    init(_ schema: TableSchema, orReplace: Bool = false, in database: Database) throws {
        statement = try database.makeStatement(sql: schema.insertion(orReplace: orReplace))
        places = schema.columns.map(\.place)
    }

    /// Inserts a row; `values` has the cells of all columns of the table.
    func insert(_ values: [TableValue]) throws {
        try statement.execute(arguments: StatementArguments(places.map { values[$0].databaseValue }))
    }
}

extension TableValue {
    var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let number): number.databaseValue
        case .real(let number): number.databaseValue
        case .text(let text): text.databaseValue
        }
    }
}
