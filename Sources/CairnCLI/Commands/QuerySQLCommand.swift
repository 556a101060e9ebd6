import ArgumentParser
import Cairn
import CanonicalJSON
import SQLTables

/// The command `cairn query sql`.
struct QuerySQL: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sql", abstract: "Ask in SQL over the tables that `cairn export sqlite` writes; read-only.",
        discussion: """
            The tables a question reads are kept in views/ and brought up to date first, so that asking again is quick. \
            `cairn export columns` describes them. The dialect is SQLite's.

            EXAMPLE
              cairn query sql "SELECT model, avg(total) AS mean FROM scores GROUP BY model ORDER BY mean DESC"
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Option(help: "At most this many rows.", transform: NumberArgument.rows)
    var limit = 1_000

    @Option(help: MomentArgument.help, transform: MomentArgument.init(argument:))
    var at: MomentArgument?

    @Argument(help: ArgumentHelp("One SELECT.", valueName: "sql"))
    var sql: String

    func run() async throws {
        let found = try ask()
        if answer.json {
            try answer.output.print(SQLObjects(answer: found)) { "" }
        } else {
            try Terminal.print(found.text(bold: Terminal.bold))
        }
        if found.isCut { Terminal.complain("there are more rows; --limit \(max(limit, 10) * 10) shows more of them\n") }
    }

    private func ask() throws -> SQLAnswer {
        do {
            let question = try SQLQuestion(sql)
            let store = try Store.open(at: store.path)
            defer { store.close() }
            return try SQLSession(store, at: at?.moment).answer(question, limit: limit)
        } catch let error as SQLFailure where error.storeFailure == nil {
            throw Failure(error.code == .file ? .storeUnusable : .usage, "\(error)", remedy: error.remedy)
        }
    }
}

extension SQLAnswer {
    /// A table; numbers to the right.
    func text(bold: (String) -> String) -> String {
        let titles = columns.enumerated().map { place, name in
            let isNumber = rows.contains { $0[place].isNumber } && !rows.contains { $0[place].isText }
            return TextTable.Column(title: name, alignment: isNumber ? .right : .left)
        }
        return TextTable(columns: titles, rows: rows.map { $0.map(\.shown) }).rendered(bold: bold)
    }
}

/// An array of objects, one a row; what is unknown is left out.
private struct SQLObjects: CanonicalEncodable {
    let answer: SQLAnswer

    func encode(to writer: inout CanonicalWriter) {
        writer.beginArray()
        for row in answer.rows {
            let fields = zip(answer.columns, row).compactMap { name, value in value.json.map { (key: name, value: $0) }
            }
            writer.element(JSONObject(fields).map(JSONValue.object) ?? .null)
        }
        writer.endArray()
    }
}

extension TableValue {
    fileprivate var isNumber: Bool {
        switch self {
        case .integer, .real: true
        case .null, .text: false
        }
    }

    fileprivate var isText: Bool {
        if case .text = self { true } else { false }
    }

    /// On one line, so that rows stay rows.
    fileprivate var shown: String {
        switch self {
        case .null: ""
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        case .text(let text): text.replacing("\r\n", with: " ").replacing("\n", with: " ")
        }
    }

    /// Nil for what is unknown; a number that JSON can't keep exactly is a text.
    fileprivate var json: JSONValue? {
        switch self {
        case .null: nil
        case .integer(let number) where number.magnitude > UInt64(JSONValue.largestInteger): .string("\(number)")
        case .integer(let number): .number(Double(number))
        case .real(let number): number.isFinite ? .number(number) : .string("\(number)")
        case .text(let text): .string(text)
        }
    }
}
