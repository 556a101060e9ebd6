import CanonicalJSON

/// Documents that differ from a given one in one place: every place, in every way that a reader might overlook.
struct Mutations {
    /// Words to try wherever there is text, such as those of all enumerations.
    let words: [String]

    init(words: [String] = []) { self.words = words }

    /// All of them, none of which equals the document.
    func of(_ document: JSONValue) -> [JSONValue] {
        let changed = replacements(of: document).filter { $0 != document }
        switch document {
        case .object(let object): return changed + inside(object)
        case .array(let elements): return changed + inside(elements)
        case .null, .bool, .number, .string: return changed
        }
    }

    private func inside(_ object: JSONObject) -> [JSONValue] {
        var changed: [JSONValue] = []
        for (key, member) in object {
            changed.append(with(object, key, nil))
            changed += of(member).map { with(object, key, $0) }
            var renamed = object
            renamed[key] = nil
            renamed[key + "x"] = member
            changed.append(.object(renamed))
        }
        return changed + [with(object, "", 1), with(object, "zzz", .null), with(object, "zzz", "x")]
    }

    private func with(_ object: JSONObject, _ key: String, _ value: JSONValue?) -> JSONValue {
        var changed = object
        changed[key] = value
        return .object(changed)
    }

    private func inside(_ elements: [JSONValue]) -> [JSONValue] {
        var changed: [JSONValue] = []
        for (index, element) in elements.enumerated() {
            changed += of(element).map { other in
                var elements = elements
                elements[index] = other
                return .array(elements)
            }
            changed.append(.array(elements + [element]))
        }
        return changed
    }

    private func replacements(of value: JSONValue) -> [JSONValue] {
        switch value {
        case .string(let text): Self.anything + Self.numbers + changes(of: text)
        case .number(let number): Self.anything + Self.numbers + Self.texts(["1", "\(number)"])
        case .null, .bool, .object, .array: Self.anything + [0, 1] + Self.texts(["", "x", "true"])
        }
    }

    private static let anything: [JSONValue] = [
        .null, true, false, [], [.null], ["x"], [1], [:], ["x": 1], ["": .null],
    ]

    private static let numbers: [JSONValue] = [
        -1, 0, 1, 2, 99, 100, 0.5, 1.5, -0.5, 1e-7, .number(9_007_199_254_740_991), .number(9_007_199_254_740_992),
        .number(-9_007_199_254_740_991), .number(-9_007_199_254_740_992), .number(1e21), .number(1e300),
    ]

    private func changes(of text: String) -> [JSONValue] {
        let lengths = [60, 61, 63, 64, 65, 80, 81, 100, 101, 120, 121, 200, 201, 300, 301, 500, 501, 2_000, 2_001]
        let usual = [
            "", " ", "x", "X", "-", "é", "\u{0}", "a b", "a\nb", "9a", "a.b", "a:b", "a/b", "mean", "stop", "judge",
        ]
        let near = [
            text + "x", text + "\n", "\n" + text, text + " ", text.uppercased(), String(text.dropLast()), text + text,
        ]
        return Self.texts(words + usual + near + lengths.map { String(repeating: "a", count: $0) })
            + Self.texts(
                [199, 200, 201, 500, 501].flatMap { count in ["é", "😀", "e\u{301}"].map { Self.repeated($0, count) } })
            + Self.texts([String(repeating: "A", count: 64), String(repeating: "g", count: 64)])
    }

    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    private static func texts(_ texts: [String]) -> [JSONValue] { texts.map { .string($0) } }
}
