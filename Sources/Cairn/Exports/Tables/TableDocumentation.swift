package import CanonicalJSON

/// What the columns of exported tables mean, for people and programs.
package enum TableDocumentation {
    /// For a terminal.
    package static func text(_ tables: [ExportTable]) -> String {
        tables.map { table in
            let widths = (table.columns.map(\.name.count).max() ?? 0) + 2
            let lines = table.columns.map { column in
                let space = String(repeating: " ", count: widths - column.name.count)
                let type = column.kind.rawValue.lowercased()
                return
                    "  \(column.name)\(space)\(type)\(String(repeating: " ", count: 9 - type.count))\(column.meaning)\n"
            }
            return "\(table.name): \(table.meaning) Key: \(table.key.joined(separator: ", ")).\n" + lines.joined()
        }.joined(separator: "\n")
    }

    /// For a page of the documentation.
    package static func markdown(_ tables: [ExportTable]) -> String {
        tables.map { table in
            let rows = table.columns.map { column in
                "| `\(column.name)` | \(column.kind.rawValue) | \(column.meaning) |\n"
            }
            return
                "### \(table.name)\n\n\(table.meaning) Key: \(table.key.map { "`\($0)`" }.joined(separator: ", ")).\n\n"
                + "| column | type | meaning |\n| --- | --- | --- |\n" + rows.joined()
        }.joined(separator: "\n")
    }
}

extension ExportTable: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("columns", columns)
        writer.field("key", key)
        writer.field("meaning", meaning)
        writer.field("name", name)
        writer.endObject()
    }
}

extension TableColumn: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("meaning", meaning)
        writer.field("name", name)
        writer.field("type", kind.rawValue)
        writer.endObject()
    }
}
