import ArgumentParser
import Cairn
import CanonicalJSON
import EventLog
import Experiments
import Jobs
import Projections

/// Why a command failed: a sentence for people, and with `--json` one object on standard error for programs.
struct Problem: Equatable {
    /// One word that doesn't change: of `ExitStatus`, or of `LogError` where a store is the trouble.
    let code: String
    let message: String
    /// What to do; nil when the message says it, or nobody knows.
    var remedy: String?
    /// Mistakes in a file, one by one.
    var mistakes: [ExperimentProblem] = []

    /// Writes it to standard error.
    func tell(asJSON: Bool) {
        Terminal.complain(asJSON ? line : words)
    }

    var words: String {
        let text = "cairn: \(message)" + (remedy.map { "; \($0)" } ?? "")
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).inOneLine + "\n" }
            .joined()
    }

    /// `{"error":{…}}` on one line.
    var line: String {
        var writer = CanonicalWriter()
        writer.beginObject()
        writer.field("error") { writer in encode(to: &writer) }
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }

    /// Whether the arguments ask for JSON, which must be known even when they can't be understood.
    static func isJSON(_ arguments: some Sequence<String>) -> Bool {
        arguments.prefix { $0 != "--" }.contains("--json")
    }
}

extension Problem: CanonicalEncodable {
    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("code", code)
        writer.field("message", message)
        if !mistakes.isEmpty { writer.field("mistakes", mistakes.map(Mistake.init)) }
        writer.optionalField("remedy", remedy)
        writer.endObject()
    }

    private struct Mistake: CanonicalEncodable {
        let problem: ExperimentProblem

        init(_ problem: ExperimentProblem) { self.problem = problem }

        func encode(to writer: inout CanonicalWriter) {
            writer.beginObject()
            writer.optionalField("column", problem.column)
            writer.field("field", problem.path)
            writer.optionalField("line", problem.line)
            writer.field("message", problem.message)
            writer.optionalField("remedy", problem.remedy)
            writer.endObject()
        }
    }
}

extension Problem {
    init(_ failure: Failure) {
        self.init(
            code: "\(failure.status)", message: failure.message, remedy: failure.remedy, mistakes: failure.mistakes)
    }

    /// `error` is what was thrown, `failure` what the store had against it.
    init(_ error: any Error, causedBy failure: LogError) {
        self.init(code: Self.code(of: failure), message: "\(error)", remedy: failure.remedy)
    }

    private static func code(of error: LogError) -> String {
        switch error.code {
        case .conflict, .inUse: "conflict"
        case .full: "full"
        case .readOnly: "readOnly"
        case .newerFormat: "newerFormat"
        case .damaged: "damaged"
        case .tooLarge: "tooLarge"
        case .invalid: "usage"
        case .notAStore: "notAStore"
        case .outcomeUnknown: "outcomeUnknown"
        case .closed, .other: "storeUnusable"
        }
    }
}

/// A failure that a command explains itself.
struct Failure: Error {
    let status: ExitStatus
    let message: String
    var remedy: String?
    /// Mistakes in a file, one by one; the message has them too.
    var mistakes: [ExperimentProblem] = []

    init(_ message: String) {
        self.init(.failed, message)
    }

    init(_ status: ExitStatus, _ message: String, remedy: String? = nil) {
        self.status = status
        self.message = message
        self.remedy = remedy
    }

    /// A file with mistakes, each of which names its line.
    init(_ file: String, _ failures: [Failure]) {
        let lines = failures.map { $0.message + ($0.remedy.map { "; \($0)" } ?? "") }
        self.init(.usage, "\(file) has problems:\n" + lines.joined(separator: "\n"))
        mistakes = failures.flatMap(\.mistakes)
    }

    /// A file with mistakes.
    init(_ file: String, _ problems: ExperimentProblems) {
        self.init(.usage, "\(file) has problems:\n\(problems)")
        mistakes = problems.problems
    }
}
