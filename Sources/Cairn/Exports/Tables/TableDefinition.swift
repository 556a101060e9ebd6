import CanonicalJSON
import Determinism
import EventLog

/// The columns of one kind of row: each is described where its value is made, so that both can't differ.
struct TableDefinition<Row>: Sendable {
    private(set) var columns: [TableColumn] = []
    private var writers: [@Sendable (Row, inout [TableValue]) -> Void] = []

    init() {}

    /// The cells of a row, in the order of the columns.
    func write(_ row: Row, into values: inout [TableValue]) {
        values.removeAll(keepingCapacity: true)
        for write in writers { write(row, &values) }
    }

    func adding(
        _ new: [TableColumn], _ write: @escaping @Sendable (Row, inout [TableValue]) -> Void
    ) -> TableDefinition {
        var definition = self
        definition.columns += new
        definition.writers.append(write)
        return definition
    }
}

extension TableDefinition {
    func text(
        _ name: String, _ meaning: String, isFromBlobs: Bool = false, _ value: @escaping @Sendable (Row) -> String?
    ) -> Self {
        adding([TableColumn(name, .text, meaning, isFromBlobs: isFromBlobs)]) { $1.append(TableValue(value($0))) }
    }

    func integer(_ name: String, _ meaning: String, _ value: @escaping @Sendable (Row) -> Int?) -> Self {
        adding([TableColumn(name, .integer, meaning)]) { $1.append(TableValue(value($0))) }
    }

    func real(_ name: String, _ meaning: String, _ value: @escaping @Sendable (Row) -> Double?) -> Self {
        adding([TableColumn(name, .real, meaning)]) { $1.append(TableValue(value($0))) }
    }

    /// A truth value as 0 or 1.
    func flag(_ name: String, _ meaning: String, _ value: @escaping @Sendable (Row) -> Bool) -> Self {
        adding([TableColumn(name, .integer, meaning + "; 1 or 0")]) { $1.append(.integer(value($0) ? 1 : 0)) }
    }

    /// A place in the log.
    func position(_ name: String, _ meaning: String, _ value: @escaping @Sendable (Row) -> Position?) -> Self {
        integer(name, meaning + "; a position in the log, from 0") { value($0).map { Int(clamping: $0.rawValue) } }
    }

    func digest(_ name: String, _ meaning: String, _ value: @escaping @Sendable (Row) -> Digest?) -> Self {
        text(name, meaning + "; SHA-256 in hexadecimal") { value($0)?.hex }
    }

    /// A value as JSON.
    func json<Value: CanonicalEncodable & SendableMetatype>(
        _ name: String, _ meaning: String, _ value: @escaping @Sendable (Row) -> Value?
    ) -> Self {
        adding([TableColumn(name, .text, meaning + "; JSON")]) { $1.append(TableValue(json: value($0))) }
    }

    /// A moment: exact as a whole number, and readable.
    func moment(_ name: String, _ meaning: String, _ value: @escaping @Sendable (Row) -> Timestamp?) -> Self {
        adding([
            TableColumn(name + "_us", .integer, meaning + "; microseconds since 1970-01-01T00:00:00Z"),
            TableColumn(name, .text, meaning + "; RFC 3339, UTC"),
        ]) { row, values in
            let moment = value(row)
            values.append(moment.map { .integer($0.microseconds) } ?? .null)
            values.append(TableValue(moment?.description))
        }
    }

    /// An amount of money: exact as a whole number, and readable.
    func cost(_ name: String, _ meaning: String, _ value: @escaping @Sendable (Row) -> Int?) -> Self {
        adding([
            TableColumn(name + "_nano_usd", .integer, meaning + "; billionths of a US dollar, exact"),
            TableColumn(name + "_usd", .real, meaning + "; US dollars"),
        ]) { row, values in
            let cost = value(row)
            values.append(TableValue(cost))
            values.append(TableValue(cost.map { Double($0) / 1_000_000_000 }))
        }
    }

    func duration(_ name: String, _ meaning: String, _ value: @escaping @Sendable (Row) -> Microseconds?) -> Self {
        adding([TableColumn(name + "_us", .integer, meaning + "; microseconds")]) { row, values in
            values.append(value(row).map { .integer($0.count) } ?? .null)
        }
    }
}
