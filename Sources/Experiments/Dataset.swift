import CanonicalJSON
import Determinism
import SwiftCSV

/// The rows of a CSV or JSON Lines file as scenarios: each column or member is a variable.
package struct Dataset: Equatable, Sendable {
    package let reference: DatasetReference
    package let scenarios: [Scenario]

    /// How the bytes are read; decided by the end of the file's name.
    package enum Form: Equatable, Sendable {
        /// RFC 4180 with a header row, UTF-8, comma.
        case csv
        /// One JSON object for each line, with text, numbers and truth values as members.
        case jsonLines

        package init?(fileName: String) {
            let lower = fileName.lowercased()
            if lower.hasSuffix(".csv") {
                self = .csv
            } else if lower.hasSuffix(".jsonl") || lower.hasSuffix(".ndjson") {
                self = .jsonLines
            } else {
                return nil
            }
        }
    }

    /// More rows than anybody means: each becomes jobs for each model.
    static let mostRows = 1_000_000

    /// Reads all rows; the rows' ids come from a column, or are `row-1`, `row-2` … when none is named.
    package static func read(
        _ bytes: [UInt8], form: Form, idColumn: String?
    ) throws(ExperimentProblems) -> Dataset {
        var table = DatasetTable()
        switch form {
        case .csv: table.readCSV(bytes)
        case .jsonLines: table.readJSONLines(bytes)
        }
        let scenarios = table.scenarios(idColumn: idColumn)
        guard table.problems.isEmpty else { throw ExperimentProblems(table.problems) }
        return Dataset(
            reference: DatasetReference(digest: Digest(of: bytes), rows: scenarios.count), scenarios: scenarios)
    }
}

/// Rows under way, with the problems found.
///
/// Rows are counted from 1 without the header, as people count them; a JSON line's row is its line.
private struct DatasetTable {
    var rows: [(number: Int, variables: [String: String])] = []
    var problems: [ExperimentProblem] = []

    mutating func note(row: Int?, _ message: String, remedy: String? = nil) {
        problems.append(
            ExperimentProblem(
                line: nil, column: nil, path: row.map { "row \($0)" } ?? "", message: message, remedy: remedy))
    }

    mutating func readCSV(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return note(row: nil, "the file isn't UTF-8", remedy: "save it as UTF-8")
        }
        // Every quote of sound CSV has its partner; the parser would take the rest of the file for one field.
        guard text.utf8.count(where: { $0 == UInt8(ascii: "\"") }).isMultiple(of: 2) else {
            return note(row: nil, "a quote is never closed", remedy: "write a quote inside a quoted field twice")
        }
        do {
            // The parser drops an empty last field unless the last line ends.
            let whole = text.hasSuffix("\n") ? text : text + "\n"
            let csv = try EnumeratedCSV(string: whole, delimiter: .comma, loadColumns: false)
            guard check(header: csv.header) else { return }
            var all: [[String]] = []
            try csv.enumerateAsArray(startAt: 1, rowLimit: nil) { all.append($0) }
            for (index, fields) in all.enumerated() where fields != [""] {
                take(fields, under: csv.header, row: index + 1)
            }
        } catch {
            note(row: nil, "this isn't CSV: \(error)", remedy: "a field with a quote or comma is quoted as a whole")
        }
    }

    private mutating func check(header: [String]) -> Bool {
        let known = problems.count
        if header.isEmpty || header == [""] { note(row: nil, "there is no header row") }
        for (index, name) in header.enumerated() {
            if name.isEmpty { note(row: nil, "column \(index + 1) of the header has no name") }
            if header[..<index].contains(name) { note(row: nil, "two columns are named “\(name)”") }
        }
        return problems.count == known
    }

    private mutating func take(_ fields: [String], under header: [String], row: Int) {
        guard fields.count == header.count else {
            return note(row: row, "\(fields.count) fields under a header of \(header.count)")
        }
        rows.append((row, Dictionary(zip(header, fields)) { first, _ in first }))
    }

    mutating func readJSONLines(_ bytes: [UInt8]) {
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        where line.contains(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }) {
            do throws(JSONError) {
                take(try JSONParser.parse(Array(line)), row: index + 1)
            } catch {
                note(row: index + 1, "this isn't JSON: \(error)")
            }
        }
    }

    private mutating func take(_ document: JSONValue, row: Int) {
        guard let members = document.object else { return note(row: row, "a JSON object was expected") }
        var variables: [String: String] = [:]
        for (key, value) in members {
            switch value {
            case .string(let text): variables[key] = text
            case .number, .bool: variables[key] = String(decoding: value.canonicalBytes(), as: UTF8.self)
            case .null, .array, .object:
                note(row: row, "“\(key)” is neither text, number nor truth value")
            }
        }
        rows.append((row, variables))
    }

    mutating func scenarios(idColumn: String?) -> [Scenario] {
        guard rows.count <= Dataset.mostRows else {
            note(row: nil, "\(rows.count) rows, more than \(Dataset.mostRows)")
            return []
        }
        if rows.isEmpty, problems.isEmpty { note(row: nil, "there are no rows") }
        var firstRows: [String: Int] = [:]
        var scenarios: [Scenario] = []
        for row in rows {
            guard let id = id(of: row.variables, idColumn, row.number) else { continue }
            if let first = firstRows.updateValue(row.number, forKey: id) {
                note(row: row.number, "the id “\(id)” is that of row \(first) too")
            }
            scenarios.append(Scenario(id: id, variables: row.variables))
        }
        return scenarios
    }

    private mutating func id(of variables: [String: String], _ column: String?, _ row: Int) -> String? {
        guard let column else { return "row-\(row)" }
        guard let id = variables[column] else {
            let names = variables.keys.sorted()
            note(row: row, "there is no column “\(column)”", remedy: Suggestion.remedy(for: column, among: names))
            return nil
        }
        guard YAMLReader.isID(id) else {
            note(
                row: row, "“\(id.prefix(40))” can't be an id",
                remedy: "use letters, digits, “_”, “-” and “.”, at most 80 of them; or leave id_column out")
            return nil
        }
        return id
    }
}
