import Cairn
import GRDB

/// What a table is in SQL.
struct TableSchema {
    let table: ExportTable
    /// Whether columns that are read from blobs are part of it.
    let hasBlobColumns: Bool

    init(_ table: ExportTable, hasBlobColumns: Bool = true) {
        self.table = table
        self.hasBlobColumns = hasBlobColumns
    }

    /// The columns that it has, with their places among all.
    var columns: [(place: Int, column: TableColumn)] {
        table.columns.enumerated().map { (place: $0.offset, column: $0.element) }
            .filter { hasBlobColumns || !$0.column.isFromBlobs }
    }

    /// One whole number as the key is SQLite's row id; other keys are the tree that the rows are in.
    private var isKeyedByNumber: Bool {
        table.key.count == 1 && table.columns.contains { $0.name == table.key[0] && $0.kind == .integer }
    }

    func creation(ifMissing: Bool = false) -> String {
        let parts = columns.map { "\($0.column.name.quoted) \($0.column.kind.rawValue)" }
        let key = "PRIMARY KEY (\(table.key.map(\.quoted).joined(separator: ", ")))"
        let ending = isKeyedByNumber ? "" : " WITHOUT ROWID"
        return "CREATE TABLE \(ifMissing ? "IF NOT EXISTS " : "")\(table.name.quoted) (\n  "
            + (parts + [key]).joined(separator: ",\n  ") + "\n)\(ending)"
    }

    func insertion(orReplace: Bool = false) -> String {
        let names = columns.map { $0.column.name.quoted }.joined(separator: ", ")
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        return "INSERT \(orReplace ? "OR REPLACE " : "")INTO \(table.name.quoted) (\(names)) VALUES (\(places))"
    }
}

extension String {
    /// The name as an identifier in SQL.
    var quoted: String { "\"" + replacing("\"", with: "\"\"") + "\"" }
}
