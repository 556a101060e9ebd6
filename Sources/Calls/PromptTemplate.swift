/// Text with variables: `{{name}}` stands for a value, `\{{` for two braces.
///
/// Strict: a variable without a value is an error, and so is a value that no template uses. What is filled in is never
/// read as a template again.
package struct PromptTemplate: Equatable, Sendable {
    private enum Piece: Equatable, Sendable {
        case text(String)
        case variable(String, at: TemplatePlace)
    }

    private let pieces: [Piece]
    /// The template as it was written.
    package let source: String

    /// Reads a template; braces that are opened and never closed, or hold no name, are errors.
    package init(_ source: String) throws(PromptTemplateError) {
        self.source = source
        pieces = try Self.pieces(of: source)
    }

    /// The names used, in the order of their first use.
    package var variables: [String] {
        pieces.reduce(into: []) { names, piece in
            if case .variable(let name, _) = piece, !names.contains(name) { names.append(name) }
        }
    }

    /// The text with every variable replaced by its value; values that aren't used are no error here.
    package func render(_ values: [String: String]) throws(PromptTemplateError) -> String {
        var text = ""
        for piece in pieces {
            switch piece {
            case .text(let part): text += part
            case .variable(let name, let place):
                guard let value = values[name] else {
                    throw PromptTemplateError(.unknownVariable(name, known: values.keys.sorted()), place)
                }
                text += value
            }
        }
        return text
    }

    /// The names that none of some templates uses, in order.
    package static func unused(_ names: some Sequence<String>, in templates: [PromptTemplate]) -> [String] {
        let used = Set(templates.flatMap(\.variables))
        return names.filter { !used.contains($0) }.sorted()
    }

    private static func pieces(of source: String) throws(PromptTemplateError) -> [Piece] {
        var pieces: [Piece] = []
        var text = ""
        var place = TemplatePlace(line: 1, column: 1)
        var rest = source[...]
        while let character = rest.first {
            if rest.hasPrefix("\\{{") {
                text += "{{"
                place.advance(over: rest.prefix(3))
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("{{") {
                guard let end = rest.firstRange(of: "}}") else { throw PromptTemplateError(.unclosed, place) }
                if !text.isEmpty { pieces.append(.text(text)) }
                text = ""
                let inside = rest[rest.index(rest.startIndex, offsetBy: 2)..<end.lowerBound]
                pieces.append(.variable(try name(in: inside, place), at: place))
                place.advance(over: rest[..<end.upperBound])
                rest = rest[end.upperBound...]
            } else {
                text.append(character)
                place.advance(over: rest.prefix(1))
                rest = rest.dropFirst()
            }
        }
        if !text.isEmpty { pieces.append(.text(text)) }
        return pieces
    }

    private static func name(
        in inside: Substring, _ place: TemplatePlace
    ) throws(PromptTemplateError) -> String {
        let trimmed = inside.drop(while: \.isWhitespace)
        let name = trimmed.prefix { !$0.isWhitespace }
        let isName =
            !name.isEmpty && trimmed.dropFirst(name.count).allSatisfy(\.isWhitespace)
            && name.unicodeScalars.allSatisfy { scalar in
                scalar.properties.isAlphabetic || scalar == "_" || scalar == "-" || scalar == "."
                    || ("0"..."9").contains(scalar)
            }
        guard isName else { throw PromptTemplateError(.badName(String(inside.prefix(40))), place) }
        return String(name)
    }
}

/// A place in a template, both numbers from 1.
package struct TemplatePlace: Equatable, Sendable {
    package private(set) var line: Int
    /// In characters.
    package private(set) var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    fileprivate mutating func advance(over text: Substring) {
        for character in text {
            if character.isNewline {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
    }
}

/// Why a template can't be used.
package struct PromptTemplateError: Error, Equatable, Sendable {
    package enum Code: Equatable, Sendable {
        case unclosed
        case badName(String)
        case unknownVariable(String, known: [String])
    }

    package let code: Code
    package let place: TemplatePlace

    init(_ code: Code, _ place: TemplatePlace) {
        self.code = code
        self.place = place
    }
}

extension PromptTemplateError: CustomStringConvertible {
    package var description: String { "line \(place.line), column \(place.column): \(reason)" }

    private var reason: String {
        switch code {
        case .unclosed: "{{ is never closed; write \\{{ for two braces"
        case .badName(let name): "{{\(name)}} holds no name; a name is letters, digits, _ . -"
        case .unknownVariable(let name, let known):
            known.isEmpty
                ? "there is no value for {{\(name)}}"
                : "there is no value for {{\(name)}}; there are \(known.joined(separator: ", "))"
        }
    }
}
