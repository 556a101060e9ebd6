internal import CanonicalJSON
internal import Determinism

/// The members of an object of the script, whose keys are known.
struct ScriptFields {
    private let path: String
    private let object: JSONObject

    init(_ value: JSONValue, at path: String, known: [String]) throws(SimulationError) {
        guard let object = value.object else {
            throw SimulationError(
                path: path,
                problem: "must be an object with any of \(known.joined(separator: ", ")), found \(Self.words(value))")
        }
        if let key = object.keys.first(where: { !known.contains($0) }) {
            throw SimulationError(
                path: "\(path).\(key)", problem: "is unknown; known are \(known.joined(separator: ", "))",
                word: key, known: known)
        }
        self.path = path
        self.object = object
    }

    subscript(key: String) -> JSONValue? { object[key] }

    func wrong(_ key: String, _ expected: String) -> SimulationError {
        SimulationError(
            path: "\(path).\(key)",
            problem: "must be \(expected), found \(object[key].map(Self.words) ?? "nothing")")
    }

    /// What was found, as it may be shown.
    private static func words(_ value: JSONValue) -> String {
        let text = String(decoding: value.canonicalBytes(), as: UTF8.self)
        return text.count > 60 ? text.prefix(60) + "…" : text
    }

    func milliseconds(_ key: String) throws(SimulationError) -> Microseconds? {
        guard let value = object[key] else { return nil }
        guard let number = value.double, (0...3_600_000).contains(number) else {
            throw wrong(key, "a number of milliseconds from 0 to 3600000")
        }
        return Microseconds(Int64((number * 1_000).rounded()))
    }

    func integer(_ key: String, _ range: ClosedRange<Int>) throws(SimulationError) -> Int? {
        guard let value = object[key] else { return nil }
        guard let number = value.int, range.contains(number) else {
            throw wrong(key, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func flag(_ key: String) throws(SimulationError) -> Bool? {
        guard let value = object[key] else { return nil }
        guard let flag = value.bool else { throw wrong(key, "true or false") }
        return flag
    }

    /// A text that isn't shown when it is wrong.
    func secret(_ key: String) throws(SimulationError) -> String? {
        guard let value = object[key] else { return nil }
        guard let text = value.string, !text.isEmpty else {
            throw SimulationError(path: "\(path).\(key)", problem: "must be a text that isn't empty")
        }
        return text
    }

    /// One text, or a list of them.
    func texts(_ key: String) throws(SimulationError) -> [String]? {
        guard let value = object[key] else { return nil }
        var texts: [String] = []
        for element in value.array ?? [value] {
            guard let text = element.string else { throw wrong(key, "a text or a list of texts") }
            texts.append(text)
        }
        return texts
    }

    /// One word of a kind, or a list of them.
    func words<Word: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ type: Word.Type
    ) throws(SimulationError) -> [Word]? {
        guard let value = object[key] else { return nil }
        var words: [Word] = []
        for element in value.array ?? [value] {
            // In YAML, 500 without quotes is a number.
            let text = element.string ?? element.int.map(String.init) ?? ""
            guard let word = Word(rawValue: text) else {
                var error = wrong(key, Self.list(of: type))
                (error.word, error.known) = (text, Word.allCases.map(\.rawValue))
                throw error
            }
            words.append(word)
        }
        return words
    }

    static func list<Word: RawRepresentable<String> & CaseIterable>(of type: Word.Type) -> String {
        "one or a list of " + Word.allCases.map(\.rawValue).joined(separator: ", ")
    }

    /// The elements of a list; none if it isn't there.
    func elements<Element>(
        _ key: String, _ read: (JSONValue, String) throws(SimulationError) -> Element
    ) throws(SimulationError) -> [Element] {
        guard let value = object[key] else { return [] }
        guard let values = value.array else { throw wrong(key, "a list") }
        var elements: [Element] = []
        for (index, value) in values.enumerated() { elements.append(try read(value, "\(path).\(key)[\(index)]")) }
        return elements
    }
}
