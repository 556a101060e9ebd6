import CanonicalJSON
import Determinism
package import Jobs
import Providers

/// Reads `handlers.yaml`: which programs do which kinds of jobs.
///
/// Every field is described in `schemas/handlers.json`. Unknown fields are errors, since a misspelt limit would otherwise
/// be none.
package enum HandlersFile {
    /// The catalogue, or everything that is wrong; `folder` is the absolute path that directories are relative to.
    package static func read(_ text: String, folder: String) throws(ExperimentProblems) -> HandlerCatalogue {
        var reader = HandlersReader(folder: folder)
        let kinds = reader.kinds(text)
        guard reader.yaml.problems.isEmpty else {
            throw ExperimentProblems(ExperimentFile.sorted(reader.yaml.problems))
        }
        return HandlerCatalogue(kinds)
    }
}

private struct HandlersReader {
    var yaml = YAMLReader()
    let folder: String

    private static let keys = [
        "command", "check", "directory", "env", "timeout", "memory", "max", "max_result", "provider", "retry",
    ]
    /// Longer lists of arguments than anybody writes by hand.
    private static let mostArguments = 1_000
    private static let longestArgument = 100_000
    /// Below this a program can't even be loaded.
    private static let memory = 1 << 20...1 << 40
    private static let result = 2...64 << 20
    private static let wait = Microseconds.milliseconds(1)...Microseconds.hours(24 * 7)

    mutating func kinds(_ text: String) -> [ProgramKind] {
        guard let document = yaml.document(text), let file = yaml.mapping(document, keys: ["kinds"]),
            let value = yaml.required("kinds", in: file), let kinds = yaml.mapping(value)
        else { return [] }
        return kinds.members.compactMap { member in
            checkName(member.key, member.mark, kinds.path(of: member.key))
            return kind(member.key, member.value)
        }
    }

    private mutating func checkName(_ name: String, _ mark: YAMLMark?, _ path: String) {
        if name == NoopHandler.kind {
            yaml.note(
                "every worker has the kind “\(name)” already", line: mark?.line, column: mark?.column, path: path,
                remedy: "give yours another name")
        } else if !isWord(name) {
            yaml.note(
                "“\(name.prefix(80))” can't be a kind of job", line: mark?.line, column: mark?.column, path: path,
                remedy: "begin with a small letter and use letters and digits, at most 60, as in scoreAnswers")
        }
    }

    private mutating func kind(_ name: String, _ value: YAMLValue) -> ProgramKind? {
        guard let kind = yaml.mapping(value, keys: Self.keys) else { return nil }
        let command = yaml.required("command", in: kind).flatMap { self.command($0) }
        let check = kind["check"].flatMap { self.command($0) }
        let directory = kind["directory"].flatMap { argument($0, mayBeEmpty: false) }
        let environment = kind["env"].map { names($0) } ?? []
        let timeout = kind["timeout"].flatMap { yaml.length($0, in: Self.wait) }
        let memory = kind["memory"].flatMap { yaml.bytes($0, in: Self.memory) }
        let result = kind["max_result"].flatMap { yaml.bytes($0, in: Self.result) }
        let most = yaml.integer("max", in: kind, 1...10_000)
        let provider = kind["provider"].flatMap { self.provider($0) }
        let retry = retry(kind)
        guard let command else { return nil }
        return ProgramKind(
            name, command: command, directory: absolute(directory ?? "."), check: check, environment: environment,
            timeout: timeout, memory: memory, most: most, provider: provider, retry: retry,
            largestResult: result ?? ProgramKind.standardResult)
    }

    private mutating func provider(_ value: YAMLValue) -> ProviderID? {
        guard let text = yaml.text(value) else { return nil }
        // Two ways to write one name would be two budgets, and `true` or `5` was hardly meant as one.
        if isProvider(text), yaml.json(value)?.string != nil, let provider = ProviderID(rawValue: text) {
            return provider
        }
        let known = ModelCatalogue.providers.map(\.name)
        let remedy =
            known.contains(text.lowercased())
            ? "write \(text.lowercased())"
            : "begin with a small letter and use small letters, digits, `_`, `.`, `:` and `-`, at most 120, as in openai"
        yaml.note("“\(text.prefix(80))” can't be a provider", at: value, remedy: remedy)
        return nil
    }

    private func absolute(_ directory: String) -> String {
        if directory.hasPrefix("/") { return directory }
        return directory == "." ? folder : folder + (folder.hasSuffix("/") ? "" : "/") + directory
    }

    /// A program and its arguments.
    private mutating func command(_ value: YAMLValue) -> [String]? {
        if let line = value.written, !line.isEmpty {
            let words = line.split(separator: " ").map { "\"\($0)\"" }.joined(separator: ", ")
            yaml.note("a list was expected, found text", at: value, remedy: "write [\(words)]")
            return nil
        }
        guard let elements = yaml.elements(value) else { return nil }
        guard (1...Self.mostArguments).contains(elements.count) else {
            yaml.note(
                "a program and up to \(Self.mostArguments - 1) arguments were expected, found \(elements.count) words",
                at: value)
            return nil
        }
        let words = elements.enumerated().compactMap { argument($1, mayBeEmpty: $0 > 0) }
        return words.count == elements.count ? words : nil
    }

    private mutating func argument(_ value: YAMLValue, mayBeEmpty: Bool) -> String? {
        guard let text = yaml.text(value) else { return nil }
        if text.isEmpty, !mayBeEmpty {
            yaml.note("this is empty", at: value)
        } else if text.utf8.contains(0) || text.unicodeScalars.count > Self.longestArgument {
            yaml.note("this can't be given to a program", at: value, remedy: "leave out zero bytes and shorten it")
        } else {
            return text
        }
        return nil
    }

    private mutating func names(_ value: YAMLValue) -> [String] {
        guard let elements = yaml.elements(value) else { return [] }
        return elements.compactMap { element in
            guard let name = yaml.text(element) else { return nil }
            guard isVariable(name) else {
                yaml.note(
                    "this isn't the name of an environment variable", at: element,
                    remedy: "give a name such as DATA_FOLDER here, and its value in the environment")
                return nil
            }
            return name
        }
    }

    private mutating func retry(_ kind: YAMLMapping) -> RetryPolicy {
        let standard = RetryPolicy.standard
        guard let value = kind["retry"], let retry = yaml.mapping(value, keys: ["attempts", "base", "cap"]) else {
            return standard
        }
        let attempts = yaml.integer("attempts", in: retry, 1...1_000)
        let base = retry["base"].flatMap { yaml.length($0, in: Self.wait) }
        let cap = retry["cap"].flatMap { yaml.length($0, in: Self.wait) }
        if let place = retry["cap"] ?? retry["base"], (cap ?? standard.cap) < (base ?? standard.base) {
            yaml.note("“cap” is less than “base”", at: place)
        }
        return RetryPolicy(
            attempts: attempts ?? standard.attempts, base: base ?? standard.base, cap: cap ?? standard.cap)
    }
}

private func isProvider(_ name: String) -> Bool {
    let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    guard let first = name.utf8.first, letters.contains(first) else { return false }
    return name.utf8.allSatisfy { byte in
        letters.contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || "_.:-".utf8.contains(byte)
    }
}

private func isVariable(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
    return name.utf8.count <= 100
        && name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
}

// MARK: - Quantities

extension YAMLReader {
    /// A length of time: a whole number and its unit, as in `250ms`, `60s`, `5m`, `2h` or `1d`.
    mutating func length(_ value: YAMLValue, in range: ClosedRange<Microseconds>) -> Microseconds? {
        let units = WrittenQuantity.lengths
        guard let count = quantity(value, units, named: "a length of time", like: "250ms, 60s, 5m, 2h or 1d") else {
            return nil
        }
        let length = Microseconds(Int64(count))
        if range.contains(length) { return length }
        note("from \(range.lowerBound) to \(range.upperBound) was expected, found \(length)", at: value)
        return nil
    }

    /// A number of bytes: a whole number and its unit, as in `512MB` or `2GiB`.
    mutating func bytes(_ value: YAMLValue, in range: ClosedRange<Int>) -> Int? {
        let units = WrittenQuantity.sizes
        guard let count = quantity(value, units, named: "a size", like: "64KB, 512MB or 2GiB") else { return nil }
        if range.contains(count) { return count }
        note("from \(range.lowerBound) to \(range.upperBound) bytes were expected, found \(count)", at: value)
        return nil
    }

    private mutating func quantity(
        _ value: YAMLValue, _ units: [String: Int], named name: String, like examples: String
    ) -> Int? {
        guard let text = text(value) else { return nil }
        guard let count = WrittenQuantity.read(text, in: units) else {
            note("\(name) was expected, found “\(text.prefix(40))”", at: value, remedy: "write \(examples)")
            return nil
        }
        return count
    }
}
