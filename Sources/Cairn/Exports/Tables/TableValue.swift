package import CanonicalJSON

/// What stands in a cell of an exported table.
package enum TableValue: Equatable, Sendable {
    /// Unknown, or there is none.
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
}

/// What a column holds, as SQLite names it.
package enum ColumnKind: String, Sendable, CaseIterable {
    case integer = "INTEGER"
    case real = "REAL"
    case text = "TEXT"
}

/// A column as its users see it.
package struct TableColumn: Equatable, Sendable {
    package let name: String
    package let kind: ColumnKind
    /// What it means, its unit, and when it is empty.
    package let meaning: String
    /// Whether the value is read from blobs, which may be erased: such a column is kept in no copy inside the store.
    package let isFromBlobs: Bool

    package init(_ name: String, _ kind: ColumnKind, _ meaning: String, isFromBlobs: Bool = false) {
        self.name = name
        self.kind = kind
        self.meaning = meaning
        self.isFromBlobs = isFromBlobs
    }
}

extension TableValue {
    package init(_ number: Int?) { self = number.map { .integer(Int64($0)) } ?? .null }
    package init(_ text: String?) { self = text.map { .text($0) } ?? .null }
    package init(_ number: Double?) { self = number.map { .real($0) } ?? .null }

    /// A value as the text of its canonical JSON.
    package init(json value: (some CanonicalEncodable)?) {
        self = value.map { .text(String(decoding: $0.canonicalBytes(), as: UTF8.self)) } ?? .null
    }
}
