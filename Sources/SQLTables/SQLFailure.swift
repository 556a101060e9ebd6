import Cairn
package import EventLog
import GRDB

/// Why SQL couldn't be answered, or a file of SQLite not be written.
package struct SQLFailure: StoreFailure, Equatable, CustomStringConvertible {
    package enum Code: Equatable, Sendable {
        /// The SQL isn't understood, or names what isn't there.
        case question
        /// The SQL asks for more than an answer.
        case notReading
        /// A file can't be used.
        case file
    }

    package let code: Code
    package let description: String
    /// What to do; nil when the description says it.
    package let remedy: String?

    /// Of a question that needs room for its tables in the store; else nil.
    package let storeFailure: LogError?

    init(_ code: Code, _ description: String, remedy: String? = nil, cause: LogError? = nil) {
        self.code = code
        storeFailure = cause
        self.description = description
        self.remedy = remedy
    }

    /// What SQLite says of a question.
    init(question error: DatabaseError) {
        if let cause = Self.cause(error) {
            self.init(.file, "\(cause)", cause: cause)
            return
        }
        self.init(.question, "SQL: \(error.message ?? "it can't be answered")", remedy: Self.tables)
    }

    /// What the disk of the store has to do with it.
    private static func cause(_ error: DatabaseError) -> LogError? {
        let (operation, message) = ("making the tables of the question", error.message ?? "\(error.resultCode)")
        return switch error.resultCode {
        case .SQLITE_FULL: LogError(.full, during: operation, message + "; free space and try again")
        case .SQLITE_IOERR, .SQLITE_CANTOPEN: LogError(.other, during: operation, message)
        default: nil
        }
    }

    /// What a question can be about.
    private static var tables: String {
        "the tables are \(ExportTables.all.map(\.name).joined(separator: ", ")); `cairn export columns` describes their "
            + "columns"
    }

    static var nothing: SQLFailure { SQLFailure(.question, "there is no question in it", remedy: tables) }

    static let several = SQLFailure(
        .question, "there is more than one statement, and one question is answered at a time",
        remedy: "ask one after the other, or put them into one with UNION ALL or WITH")

    /// What SQLite says of a file.
    init(file path: String, _ error: DatabaseError) {
        self.init(.file, "\(path): \(error.message ?? "SQLite refused with \(error.resultCode)")")
    }

    static let onlyReading = SQLFailure(
        .notReading, "only questions are answered here, and this would do something else",
        remedy: "write one SELECT; `cairn export sqlite` makes a file of your own to change")
}
