import CanonicalJSON

/// Prints a result: one JSON document, or text for people.
struct Output {
    let asJSON: Bool

    func print(_ value: some CanonicalEncodable, text: () -> String) throws {
        if asJSON {
            try Terminal.print(value.canonicalBytes() + [UInt8(ascii: "\n")])
        } else {
            try Terminal.print(text())
        }
    }

    /// A list of rows; `nothing` says what an empty list means.
    func print<Row: CanonicalEncodable>(_ rows: [Row], as layout: TableLayout<Row>, nothing: String) throws {
        if asJSON {
            try Terminal.print(rows.canonicalBytes() + [UInt8(ascii: "\n")])
        } else if rows.isEmpty {
            Terminal.complain(nothing + "\n")
        } else {
            try Terminal.print(layout.table(rows).rendered(bold: Terminal.bold))
        }
    }
}

/// How rows of one kind become a table: a title and a text for each column.
struct TableLayout<Row>: Sendable {
    private var columns: [(column: TextTable.Column, text: @Sendable (Row) -> String)] = []

    init() {}

    func column(_ title: String, _ text: @escaping @Sendable (Row) -> String) -> TableLayout {
        adding(.left, title, text)
    }
    func number(_ title: String, _ text: @escaping @Sendable (Row) -> String) -> TableLayout {
        adding(.right, title, text)
    }

    private func adding(
        _ alignment: TextTable.Alignment, _ title: String, _ text: @escaping @Sendable (Row) -> String
    ) -> TableLayout {
        var layout = self
        layout.columns.append((TextTable.Column(title: title, alignment: alignment), text))
        return layout
    }

    func table(_ rows: [Row]) -> TextTable {
        TextTable(columns: columns.map(\.column), rows: rows.map { row in columns.map { $0.text(row) } })
    }
}
