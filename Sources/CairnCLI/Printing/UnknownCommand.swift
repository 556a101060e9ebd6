import ArgumentParser
import Experiments

/// The name behind `help` that is no command's: the parser shows the help of the command before it, as if all were well.
struct UnknownCommand: Equatable {
    let name: String
    /// As in `did you mean “audit”?`; nil when nothing is near.
    let suggestion: String?

    /// `arguments` are those behind the program's name; nil when no help is asked for, or the command is there.
    init?(in arguments: [String], of program: any ParsableCommand.Type) {
        guard arguments.first == "help" else { return nil }
        let named = NamedCommand(by: arguments.dropFirst(), in: program)
        guard let name = named.rest.first, name != "help", !name.hasPrefix("-") else { return nil }
        self.name = name
        suggestion = Suggestion.near(
            name, among: named.command.configuration.subcommands.compactMap { $0.configuration.commandName })
    }

    /// What is told of it.
    var message: String { "there is no command '\(name)' to help with" + (suggestion.map { "; \($0)" } ?? "") }
}

/// The command that the first arguments name, and the arguments behind them.
struct NamedCommand {
    private(set) var command: any ParsableCommand.Type
    private(set) var rest: ArraySlice<String>

    /// The command that does it: where none is named, the one that a group falls back to.
    var running: any ParsableCommand.Type {
        var running = command
        while let fallback = running.configuration.defaultSubcommand { running = fallback }
        return running
    }

    init(by arguments: ArraySlice<String>, in program: any ParsableCommand.Type) {
        command = program
        rest = arguments
        while let next = command.configuration.subcommands.first(where: {
            $0.configuration.commandName == rest.first
        }) {
            command = next
            rest = rest.dropFirst()
        }
    }
}
