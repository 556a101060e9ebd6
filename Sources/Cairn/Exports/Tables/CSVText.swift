/// Rows as comma-separated values (RFC 4180): CRLF after each, and quotes around what needs them.
///
/// Nothing is written for an unknown value, and an empty pair of quotes for an empty text.
package enum CSVText {
    /// Appends the names of the columns.
    package static func append(header columns: [TableColumn], to lines: inout [UInt8]) {
        append(columns.map { TableValue.text($0.name) }, to: &lines)
    }

    /// Appends a row.
    package static func append(_ values: [TableValue], to lines: inout [UInt8]) {
        for (index, value) in values.enumerated() {
            if index > 0 { lines.append(UInt8(ascii: ",")) }
            append(value, to: &lines)
        }
        lines += [0x0D, 0x0A]
    }

    private static func append(_ value: TableValue, to lines: inout [UInt8]) {
        switch value {
        case .null: break
        case .integer(let number): lines += "\(number)".utf8
        case .real(let number): lines += "\(number)".utf8
        case .text(let text): append(text, to: &lines)
        }
    }

    private static func append(_ text: String, to lines: inout [UInt8]) {
        var text = text
        text.withUTF8 { bytes in
            guard bytes.isEmpty || bytes.contains(where: needsQuotes) else {
                lines.append(contentsOf: bytes)
                return
            }
            lines.append(UInt8(ascii: "\""))
            for byte in bytes {
                if byte == UInt8(ascii: "\"") { lines.append(byte) }
                lines.append(byte)
            }
            lines.append(UInt8(ascii: "\""))
        }
    }

    private static func needsQuotes(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: ",") || byte == 0x0A || byte == 0x0D
    }
}

extension CSVText {
    /// Hands a table to `sink` in chunks, its columns first, and answers how many rows it has.
    package static func write(
        _ table: ExportTable, of source: TableSource, into sink: (borrowing [UInt8]) throws -> Void
    ) throws -> Int {
        var lines: [UInt8] = []
        append(header: table.columns, to: &lines)
        var rows = 0
        try table.forEachRow(of: source) { values in
            append(values, to: &lines)
            rows += 1
            if lines.count >= chunk {
                try sink(lines)
                lines.removeAll(keepingCapacity: true)
            }
        }
        try sink(lines)
        return rows
    }

    private static let chunk = 1 << 17
}
