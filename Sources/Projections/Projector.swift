package import EventLog

/// A read model: which events it reads, and what each does to its tables.
///
/// Pure: `apply` never asks the time, and sees rows by key alone. The same events give the same tables, whatever the
/// sizes of the batches that they come in. A change of what `apply` or the rows mean is a new `version`: it is built
/// beside the old one and takes over when it has caught up.
package protocol Projector: Sendable {
    associatedtype Tables: ViewTables
    /// What a user asks for; part of the identity of the tables.
    static var name: String { get }
    /// From 1.
    static var version: Int { get }
    /// The events that `apply` is given; others cost nothing.
    static var types: [EventType] { get }
    /// Folds one event into the tables; what it throws stops this projector, and no other.
    static func apply(_ event: SharedEvent, to tables: inout Tables) throws
}

/// The tables of one projector, made by a memberwise recipe.
///
///     package struct Tables: ViewTables {
///         package var rows: ViewTable<JobID, Row>
///         package init(_ make: inout TableMaker) { rows = make.table("rows", JobID.self, Row.self) }
///     }
package protocol ViewTables {
    init(_ make: inout TableMaker)
}

/// Makes the tables of one projector, wherever their rows are kept.
@usableFromInline
package struct TableMaker {
    @usableFromInline package let source: any RowSource
    @usableFromInline package let prefix: [UInt8]
    @usableFromInline package let context: FoldContext?
    @usableFromInline package var tables: [any AnyTable] = []

    init(source: any RowSource, prefix: [UInt8] = [], context: FoldContext? = nil) {
        self.source = source
        self.prefix = prefix
        self.context = context
    }

    /// A table; its name and its place among the tables are part of the digest.
    @inlinable
    package mutating func table<Key: ViewKey, Row: ViewRow>(
        _ name: String, _: Key.Type = Key.self, _: Row.Type = Row.self
    ) -> ViewTable<Key, Row> {
        precondition(tables.count < 256, "a read model has at most 256 tables")
        precondition(tables.allSatisfy { $0.name != name }, "a read model has one table \(name)")
        let core = TableCore<Key, Row>(
            name: name, prefix: prefix + [UInt8(tables.count)], source: source, context: context)
        tables.append(core)
        return ViewTable(core)
    }
}
