import CanonicalJSON
import Yams

/// A YAML value with its place in the file and in the structure.
struct YAMLValue {
    let node: Node
    let path: String
    /// Where the value stands, or the key that names it when the value is empty.
    let mark: YAMLMark?

    init(node: Node, path: String, mark: Mark?) {
        self.init(node: node, path: path, at: mark.map { YAMLMark(line: $0.line, column: $0.column) })
    }

    init(node: Node, path: String, at mark: YAMLMark?) {
        self.node = node
        self.path = path
        self.mark = mark
    }

    var isMapping: Bool { node.mapping != nil }
    var isSequence: Bool { node.sequence != nil }
    /// What is written there, if it is a scalar.
    var written: String? { node.scalar?.string }
}

extension YAMLValue {
    /// A part of this value as if it stood alone; nil if it isn't there.
    func part(_ key: String) -> YAMLValue? {
        node.part(Substring(key)).map {
            YAMLValue(node: $0, path: path.isEmpty ? key : path + "." + key, mark: $0.mark)
        }
    }

    /// Where a part of this value stands; where there is none, the nearest one around it.
    ///
    /// The steps are names, and numbers with a closing bracket, as in `3]`.
    func mark(of steps: ArraySlice<Substring>) -> YAMLMark? {
        var (node, mark) = (node, mark)
        for step in steps {
            guard let next = node.part(step) else { return mark }
            node = next
            mark = next.mark.map { YAMLMark(line: $0.line, column: $0.column) } ?? mark
        }
        return mark
    }
}

extension Node {
    fileprivate func part(_ step: Substring) -> Node? {
        if let index = step.hasSuffix("]") ? Int(step.dropLast()) : nil {
            guard let sequence, sequence.indices.contains(index) else { return nil }
            return sequence[index]
        }
        return mapping?.first { $0.key.scalar?.string == String(step) }?.value
    }
}

/// A place in the file, both numbers from 1.
struct YAMLMark {
    let line: Int
    let column: Int
}

/// The members of a YAML mapping.
struct YAMLMapping {
    let members: [(key: String, mark: YAMLMark?, value: YAMLValue)]
    let path: String
    let mark: YAMLMark?

    subscript(key: String) -> YAMLValue? { members.first { $0.key == key }?.value }

    func path(of key: String) -> String { path.isEmpty ? key : path + "." + key }
}

/// Takes values out of YAML and collects every problem on the way, so that all are reported at once.
///
/// Each reading function gives nil after noting a problem, and the caller goes on with the next field.
struct YAMLReader {
    private(set) var problems: [ExperimentProblem] = []

    mutating func note(_ message: String, at value: YAMLValue, remedy: String? = nil) {
        note(message, line: value.mark?.line, column: value.mark?.column, path: value.path, remedy: remedy)
    }

    mutating func note(_ message: String, line: Int?, column: Int?, path: String, remedy: String? = nil) {
        problems.append(
            ExperimentProblem(line: line, column: column, path: path, message: message, remedy: remedy))
    }

    /// The document, or nil after noting why it can't be parsed.
    mutating func document(_ text: String) -> YAMLValue? {
        do {
            guard let node = try Yams.compose(yaml: text, .default, .default, .utf8) else {
                note("the file is empty", line: nil, column: nil, path: "")
                return nil
            }
            return YAMLValue(node: node, path: "", mark: node.mark)
        } catch let error as YamlError {
            note(error)
        } catch {
            note("\(error)", line: nil, column: nil, path: "")
        }
        return nil
    }

    private mutating func note(_ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            note("this isn't YAML: \(problem)", line: mark.line, column: mark.column, path: "")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.map { "“\($0)”" }.joined(separator: ", ")
            note("\(names) is given twice", line: context.mark.line, column: context.mark.column, path: "")
        case .reader(let problem, _, _, _), .writer(let problem), .emitter(let problem), .representer(let problem):
            note("this isn't YAML: \(problem)", line: nil, column: nil, path: "")
        case .no, .memory, .dataCouldNotBeDecoded:
            note("the file can't be read as YAML", line: nil, column: nil, path: "")
        }
    }
}

// MARK: - Structure

extension YAMLReader {
    /// A mapping; keys that aren't in `keys` are noted with the one that was probably meant.
    mutating func mapping(_ value: YAMLValue, keys: [String]) -> YAMLMapping? {
        guard let mapping = mapping(value) else { return nil }
        for member in mapping.members where !keys.contains(member.key) {
            note(
                "there is no field “\(member.key)”", line: member.mark?.line, column: member.mark?.column,
                path: mapping.path(of: member.key), remedy: Suggestion.remedy(for: member.key, among: keys))
        }
        return mapping
    }

    /// A mapping with any keys.
    mutating func mapping(_ value: YAMLValue) -> YAMLMapping? {
        guard case .mapping(let mapping) = value.node else {
            note("a mapping was expected, found \(describe(value.node))", at: value)
            return nil
        }
        var members: [(key: String, mark: YAMLMark?, value: YAMLValue)] = []
        for (key, member) in mapping {
            guard case .scalar(let name) = key else {
                note(
                    "keys are text, found \(describe(key))", at: YAMLValue(node: key, path: value.path, mark: key.mark))
                continue
            }
            let path = value.path.isEmpty ? name.string : value.path + "." + name.string
            let place = YAMLValue(node: key, path: path, mark: key.mark)
            members.append(
                (name.string, place.mark, YAMLValue(node: member, path: path, mark: member.mark ?? key.mark)))
        }
        return YAMLMapping(members: members, path: value.path, mark: value.mark)
    }

    /// The elements of a sequence.
    mutating func elements(_ value: YAMLValue) -> [YAMLValue]? {
        guard case .sequence(let sequence) = value.node else {
            note("a list was expected, found \(describe(value.node))", at: value)
            return nil
        }
        return sequence.enumerated().map { index, node in
            let mark = node.mark.map { YAMLMark(line: $0.line, column: $0.column) }
            return YAMLValue(node: node, path: "\(value.path)[\(index)]", at: mark ?? value.mark)
        }
    }

    /// A member that must be there.
    mutating func required(_ key: String, in mapping: YAMLMapping) -> YAMLValue? {
        if let value = mapping[key] { return value }
        note(
            "“\(key)” is missing", line: mapping.mark?.line, column: mapping.mark?.column,
            path: mapping.path(of: key))
        return nil
    }
}

// MARK: - Scalars

extension YAMLReader {
    /// Text; a plain number or truth value is taken as it is written.
    mutating func text(_ value: YAMLValue) -> String? {
        guard case .scalar(let scalar) = value.node, !isNull(scalar) else {
            note("text was expected, found \(describe(value.node))", at: value)
            return nil
        }
        return scalar.string
    }

    mutating func text(_ key: String, in mapping: YAMLMapping) -> String? {
        mapping[key].flatMap { text($0) }
    }

    mutating func requiredText(_ key: String, in mapping: YAMLMapping) -> String? {
        required(key, in: mapping).flatMap { text($0) }
    }

    /// Notes text that is empty or too long for the events that carry it; counts code points.
    mutating func check(_ text: String?, at value: YAMLValue, atMost most: Int) {
        guard let text, !(1...most).contains(text.unicodeScalars.count) else { return }
        note("1 to \(most) characters were expected, found \(text.unicodeScalars.count)", at: value)
    }

    /// A whole number within a range.
    mutating func integer(_ value: YAMLValue, in range: ClosedRange<Int>) -> Int? {
        guard case .scalar(let scalar) = value.node, isPlain(scalar), let number = Int(scalar.string),
            range.contains(number)
        else {
            note(
                "a whole number from \(range.lowerBound) to \(range.upperBound) was expected, found "
                    + describe(value.node), at: value)
            return nil
        }
        return number
    }

    mutating func integer(_ key: String, in mapping: YAMLMapping, _ range: ClosedRange<Int>) -> Int? {
        mapping[key].flatMap { integer($0, in: range) }
    }

    /// A finite number within a range.
    mutating func number(_ value: YAMLValue, in range: ClosedRange<Double>) -> Double? {
        guard case .scalar(let scalar) = value.node, isPlain(scalar), let number = Double(scalar.string),
            range.contains(number)
        else {
            let bounds = range.upperBound.isInfinite || range.upperBound == .greatestFiniteMagnitude
            note(
                "a number" + (bounds ? "" : " from \(short(range.lowerBound)) to \(short(range.upperBound))")
                    + " was expected, found " + describe(value.node), at: value)
            return nil
        }
        return number
    }

    mutating func number(_ key: String, in mapping: YAMLMapping, _ range: ClosedRange<Double>) -> Double? {
        mapping[key].flatMap { number($0, in: range) }
    }

    /// One of some words.
    mutating func word(_ value: YAMLValue, of words: [String], named kind: String) -> String? {
        guard let word = text(value) else { return nil }
        guard words.contains(word) else {
            note("there is no \(kind) “\(word)”", at: value, remedy: Suggestion.remedy(for: word, among: words))
            return nil
        }
        return word
    }

    /// An id, which becomes part of streams, tables and results: `[A-Za-z0-9_.-]+`, at most 80 bytes.
    mutating func id(_ value: YAMLValue) -> String? {
        guard let id = text(value) else { return nil }
        guard Self.isID(id) else {
            note(
                "“\(id)” can't be an id", at: value,
                remedy: "use letters, digits, “_”, “-” and “.”, at most 80 of them")
            return nil
        }
        return id
    }

    static func isID(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 80
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    /// Any YAML as JSON, by the rules of YAML 1.2's core schema.
    mutating func json(_ value: YAMLValue) -> JSONValue? {
        switch value.node {
        case .scalar(let scalar): return json(scalar)
        case .sequence:
            guard let elements = elements(value) else { return nil }
            return .array(elements.compactMap { json($0) })
        case .mapping:
            guard let mapping = mapping(value) else { return nil }
            var members: [JSONObject.Member] = []
            for member in mapping.members {
                if let json = json(member.value) { members.append((member.key, json)) }
            }
            return JSONObject(members).map(JSONValue.object)
        case .alias:
            note("an alias without its anchor", at: value)
            return nil
        }
    }

    private func json(_ scalar: Node.Scalar) -> JSONValue {
        if isNull(scalar) { return .null }
        guard isPlain(scalar) else { return .string(scalar.string) }
        switch scalar.string {
        case "true": return .bool(true)
        case "false": return .bool(false)
        default:
            let looksNumeric = scalar.string.utf8.first.map { "-+.0123456789".utf8.contains($0) } ?? false
            if looksNumeric, let number = Double(scalar.string), number.isFinite { return .number(number) }
            return .string(scalar.string)
        }
    }
}

private func isPlain(_ scalar: Node.Scalar) -> Bool { scalar.style == .plain || scalar.style == .any }

private func isNull(_ scalar: Node.Scalar) -> Bool {
    isPlain(scalar) && ["", "~", "null"].contains(scalar.string)
}

private func describe(_ node: Node) -> String {
    switch node {
    case .scalar(let scalar): isNull(scalar) ? "nothing" : "“\(scalar.string.prefix(40))”"
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    }
}

private func short(_ number: Double) -> String {
    String(decoding: number.canonicalBytes(), as: UTF8.self)
}
