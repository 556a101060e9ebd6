import ArgumentParser
import CanonicalJSON

/// The first option of a line that is given again though it takes one value.
///
/// The parser would take the last of them, and say nothing of the others.
struct RepeatedOption: Equatable {
    /// As it was given the second time.
    let name: String

    /// `arguments` are those behind the program's name; nil when nothing is given twice that counts once, or help is asked
    /// for.
    ///
    /// What a command takes is looked up only for a line that may have one option twice, so that others cost nothing.
    init?(in arguments: [String], of program: any ParsableCommand.Type) {
        let given = Self.names(in: arguments)
        guard Self.mayRepeat(given), !given.contains("--help"), !given.contains("-h") else { return nil }
        let command = NamedCommand(by: arguments[...], in: program).running
        guard let options = try? Self.options(of: command) else { return nil }
        var seen: Set<Int> = []
        let repeated = given.first { name in
            guard let option = options[name] else { return false }
            return !seen.insert(option).inserted
        }
        guard let repeated else { return nil }
        name = repeated
    }

    /// What is told of it.
    var message: String { "\(name) is given twice, and takes one value" }

    private static func names(in arguments: [String]) -> [String] {
        arguments.prefix { $0 != "--" }.filter { $0.count > 1 && $0.first == "-" }.map {
            String($0.prefix { $0 != "=" })
        }
    }

    /// Whether a name is there twice, or a short one beside a long one that begins with its letter.
    private static func mayRepeat(_ names: [String]) -> Bool {
        let known = Set(names)
        return known.count < names.count
            || known.contains { $0.hasPrefix("--") && known.contains(String($0.dropFirst().prefix(2))) }
    }

    /// The options of a command that take one value, which one each name is of.
    ///
    /// By what the parser tells programs of itself: its text for people leaves out in long lines what may be given again.
    private static func options(of command: any ParsableCommand.Type) throws -> [String: Int] {
        let described = try JSONParser.parse(Array(command._dumpHelp().utf8))
        var options: [String: Int] = [:]
        for (place, argument) in (described["command"]?["arguments"]?.array ?? []).enumerated() {
            guard argument["kind"]?.string == "option", argument["isRepeating"] == false else { continue }
            for name in argument["names"]?.array ?? [] {
                guard let text = name["name"]?.string else { continue }
                options[(name["kind"]?.string == "long" ? "--" : "-") + text] = place
            }
        }
        return options
    }
}
