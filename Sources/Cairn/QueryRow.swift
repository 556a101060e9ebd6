package import CanonicalJSON

/// A row of a read model with the key that it was found by; as JSON, one object with the fields of both.
package struct QueryRow<Row: CanonicalEncodable & Sendable>: Sendable {
    /// Named parts of the key, such as `("job", "…")`.
    package var key: [(name: String, value: JSONValue)]
    package let row: Row

    package init(_ key: [(name: String, value: JSONValue)], _ row: Row) {
        self.key = key
        self.row = row
    }

    /// A part of the key as text.
    package func text(_ name: String) -> String {
        guard case .string(let text)? = key.first(where: { $0.name == name })?.value else { return "" }
        return text
    }

    /// A part of the key as a whole number; nil if it isn't there.
    package func number(_ name: String) -> Int? { key.first { $0.name == name }?.value.int }

    /// A part of the key as texts.
    package func texts(_ name: String) -> [String] {
        key.first { $0.name == name }?.value.array?.compactMap(\.string) ?? []
    }
}

extension QueryRow: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        guard case .object(var object)? = try? JSONParser.parse(row.canonicalBytes()) else {
            preconditionFailure("a row of a read model is a JSON object")
        }
        for (name, value) in key { object[name] = value }
        writer.write(.object(object))
    }
}
