import Cairn

/// Rows of text in aligned columns.
struct TextTable: Equatable {
    enum Alignment: Equatable, Sendable {
        case left
        case right
    }

    struct Column: Equatable, Sendable {
        let title: String
        var alignment: Alignment = .left
    }

    let columns: [Column]
    let rows: [[String]]

    /// A header line, then one line a row; no trailing spaces.
    ///
    /// Wide tables stay wide, so that nothing is cut away.
    func rendered(bold: (String) -> String = { $0 }) -> String {
        let widths = columns.indices.map { column in
            ([columns[column].title] + rows.map { $0[column] }).map(\.count).max() ?? 0
        }
        let header = bold(line(columns.map { $0.title.uppercased() }, widths))
        return ([header] + rows.map { line($0, widths) }).joined(separator: "\n") + "\n"
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = zip(cells.map(\.inOneLine), zip(columns, widths)).map { cell, layout in
            let space = String(repeating: " ", count: max(0, layout.1 - cell.count))
            return layout.0.alignment == .left ? cell + space : space + cell
        }
        return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }
}
