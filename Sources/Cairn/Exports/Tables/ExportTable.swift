package import EventLog
package import Projections

/// A table of an export: what it is called, what its columns mean, and where its rows come from.
package struct ExportTable: Sendable {
    package let name: String
    /// What one row is.
    package let meaning: String
    package let columns: [TableColumn]
    /// The columns that tell rows apart; rows come in their order.
    package let key: [String]
    /// The read models that it is made of; none when it is made of the log alone.
    package let projectors: [any Projector.Type]
    private let scan: @Sendable (TableSource, ([TableValue]) throws -> Void) throws -> Void
    private let look: (@Sendable (TableSource, Event, ([TableValue]) throws -> Void) throws -> Void)?

    /// `rows` calls its second argument with each row, in the order of the key.
    ///
    /// `changed` is for tables whose rows belong to one stream each, and stay once they are there: the row of an event's
    /// stream as it is now.
    init<Row>(
        _ name: String, _ meaning: String, key: [String], from projectors: [any Projector.Type],
        _ definition: TableDefinition<Row>, changed: (@Sendable (TableSource, Event) throws -> Row?)? = nil,
        rows: @escaping @Sendable (TableSource, (Row) throws -> Void) throws -> Void
    ) {
        self.name = name
        self.meaning = meaning
        self.key = key
        self.projectors = projectors
        columns = definition.columns
        precondition(
            key.allSatisfy { part in definition.columns.contains { $0.name == part } }, "\(name) has its key's columns")
        scan = { source, body in
            var values: [TableValue] = []
            values.reserveCapacity(definition.columns.count)
            try rows(source) { row in
                definition.write(row, into: &values)
                try body(values)
            }
        }
        guard let changed else {
            look = nil
            return
        }
        look = { source, event, body in
            guard let row = try changed(source, event) else { return }
            var values: [TableValue] = []
            definition.write(row, into: &values)
            try body(values)
        }
    }

    /// How many streams are looked at one by one, before all rows are cheaper.
    private static let mostStreams = 20_000

    /// Calls `body` with the cells of rows that may have changed since a position; false where only all rows will do.
    package func forEachRow(
        of source: TableSource, changedSince position: Position, _ body: ([TableValue]) throws -> Void
    ) throws -> Bool {
        guard let look else { return false }
        var streams: Set<String> = []
        var next: Position? = position
        while let from = next {
            let filter = EventFilter(types: types, positions: from..<source.end)
            let page = try source.log.read(.forward, from: from, matching: filter, limit: Self.mostStreams)
            for event in page.events where streams.insert(event.stream.text).inserted {
                if streams.count > Self.mostStreams { return false }
                try look(source, event, body)
            }
            next = page.next
        }
        return true
    }

    /// Calls `body` with the cells of each row, in the order of the columns.
    package func forEachRow(of source: TableSource, _ body: ([TableValue]) throws -> Void) throws {
        try scan(source, body)
    }

    /// The event types that its rows depend on; nil for all.
    package var types: [EventType]? { projectors.isEmpty ? nil : projectors.flatMap { $0.types } }
}

/// What tables are made of: a log and its read models as of one position.
package struct TableSource {
    package let log: any Log
    package let views: ViewSnapshot
    /// Events from here on are left out of tables that are made of the log alone.
    package let end: Position
    /// Events before this position are left out of them, too.
    package var first = Position.first
    /// What became of blobs that aren't there; nil leaves columns empty that are read from blobs.
    package let blobs: BlobStates?

    package init(log: any Log, views: ViewSnapshot, end: Position, blobs: BlobStates?) {
        self.log = log
        self.views = views
        self.end = end
        self.blobs = blobs
    }
}
