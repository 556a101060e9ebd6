import ArgumentParser
import Experiments

/// The first option of a line that its command doesn't know.
///
/// The parser tells of it only when nothing else is wrong. But a misspelt option is often why something else is: its value
/// is missing where it belongs. So it is told first.
struct UnknownOption: Equatable {
    let name: String
    /// As in `did you mean “--model”?`; nil when nothing is near.
    let suggestion: String?

    /// `arguments` are those behind the program's name; nil when all options are known, or none can be told.
    init?(in arguments: [String], of program: any ParsableCommand.Type) {
        let named = NamedCommand(by: arguments[...], in: program)
        let known = Self.names(inHelp: program.helpMessage(for: named.running, includeHidden: true))
        let given = named.rest.prefix { $0 != "--" }.filter(Self.isOption).map { String($0.prefix { $0 != "=" }) }
        guard let unknown = given.first(where: { !known.contains($0) }) else { return nil }
        name = unknown
        suggestion = Suggestion.near(unknown, among: known.filter { $0.hasPrefix("--") })
    }

    /// What is told of it.
    var message: String { "Unknown option '\(name)'" + (suggestion.map { "; \($0)" } ?? "") }

    /// A long one, or a single letter: several letters behind one dash may be several options.
    private static func isOption(_ argument: String) -> Bool {
        argument.hasPrefix("--") || (argument.count == 2 && argument.first == "-" && argument.last?.isLetter == true)
    }

    /// The names at the beginning of each option's line, as in `  -o, --output <file>`.
    private static func names(inHelp help: String) -> [String] {
        help.split(separator: "\n").filter { $0.hasPrefix("  -") }.flatMap { line in
            line.split { $0 == " " || $0 == "," || $0 == "/" }.prefix { $0.hasPrefix("-") }.map(String.init)
        }
    }
}
