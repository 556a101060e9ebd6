/// Providers' keys, read from lines of the form `NAME=value`.
///
/// No value is ever quoted, and of what stands before `=` only what can't be a key: a key may stand in the wrong place.
package struct KeyFile: Sendable, Equatable {
    private var keys: [String: APIKey] = [:]

    /// Reads the text of a file: one key a line, empty lines and lines that begin with `#` aside.
    ///
    /// As in a shell, `export` may stand before a name and quotation marks around a value. Of a name that comes twice the
    /// last value counts.
    package init(_ bytes: [UInt8]) throws(KeyFileError) {
        guard bytes.count <= Self.sizeLimit else {
            throw KeyFileError(line: nil, problem: "the file is larger than 64 KiB")
        }
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            try read(String(decoding: line, as: UTF8.self)[...], line: index + 1)
        }
    }

    /// Most bytes of a file of keys.
    package static let sizeLimit = 64 << 10

    package subscript(variable: String) -> APIKey? { keys[variable] }

    /// The names that have a key, in order.
    package var variables: [String] { keys.keys.sorted() }

    private mutating func read(_ text: Substring, line: Int) throws(KeyFileError) {
        var text = text.drop(while: \.isWhitespace)
        guard !text.isEmpty, !text.hasPrefix("#") else { return }
        if text.hasPrefix("export ") { text = text.dropFirst(7).drop(while: \.isWhitespace) }
        guard let equals = text.firstIndex(of: "=") else {
            throw KeyFileError(line: line, problem: "there is no NAME=value")
        }
        let name = String(text[..<equals].reversed().drop(while: \.isWhitespace).reversed())
        guard Self.isVariable(name) else {
            let found = Self.isWords(name) ? "“\(name)”" : "what stands before ="
            throw KeyFileError(
                line: line, problem: "\(found) isn't the name of a variable; names are letters, digits and _")
        }
        guard let key = APIKey(Self.unquoted(text[text.index(after: equals)...])) else {
            throw KeyFileError(line: line, problem: "\(name) has no value")
        }
        keys[name] = key
    }

    private static func unquoted(_ text: Substring) -> String {
        let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        let value = String(trimmed)
        guard value.count >= 2, let quote = value.first, quote == "\"" || quote == "'", value.last == quote else {
            return value
        }
        return String(value.dropFirst().dropLast())
    }

    /// Whether a text is so plainly a name that it can be shown: short words without digits, one of them “key” or “api”.
    private static func isWords(_ text: String) -> Bool {
        let words = text.uppercased().split { "-_. ".contains($0) }
        return text.count <= 40 && words.contains { ["KEY", "APIKEY", "API"].contains($0) }
            && words.joined().utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    }

    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first), name.utf8.count <= 100 else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}

/// Why a file of keys can't be used.
package struct KeyFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// From 1; absent where the whole file is meant.
    package let line: Int?
    package let problem: String

    package init(line: Int?, problem: String) {
        self.line = line
        self.problem = problem
    }

    package var description: String { line.map { "line \($0): \(problem)" } ?? problem }
}
