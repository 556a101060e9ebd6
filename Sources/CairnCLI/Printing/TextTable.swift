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

    /// Control characters as pictures of them, so that no answer of a model reaches the terminal as a command.
    private static func printable(_ cell: String) -> String {
        if !cell.unicodeScalars.contains(where: isControl) { return cell }
        var scalars = String.UnicodeScalarView()
        for scalar in cell.unicodeScalars {
            let picture = scalar.value < 0x20 ? Unicode.Scalar(0x2400 + scalar.value) : "\u{FFFD}"
            scalars.append(isControl(scalar) ? picture ?? "\u{FFFD}" : scalar)
        }
        return String(scalars)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = zip(cells.map(Self.printable), zip(columns, widths)).map { cell, layout in
            let space = String(repeating: " ", count: max(0, layout.1 - cell.count))
            return layout.0.alignment == .left ? cell + space : space + cell
        }
        return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }
}
