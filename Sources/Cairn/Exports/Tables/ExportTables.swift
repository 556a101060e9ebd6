package import EventLog
package import Projections

/// Every table that is exported, and that SQL is asked over.
package enum ExportTables {
    /// In the order in which they are listed.
    package static let all = [
        runs, cells, jobs, turns, scores, scoreCriteria, rankings, usage, queueJobs, queues, submissions, workers,
        events,
        eventCauses,
    ]

    /// The tables of these names, in the order of `all`, or every table without names; an unknown name is an error.
    package static func named(_ names: [String]) throws(UnknownTable) -> [ExportTable] {
        for name in names where !all.contains(where: { $0.name == name }) { throw UnknownTable(name: name) }
        return names.isEmpty ? all : all.filter { names.contains($0.name) }
    }

    /// There is no such table.
    package struct UnknownTable: Error, Equatable, CustomStringConvertible {
        package let name: String

        package var description: String {
            "there is no table «\(name)»; there are \(ExportTables.all.map(\.name).joined(separator: ", "))"
        }
    }

    /// Lends what these tables are made of, all as of one position, which is `end` or what comes before.
    ///
    /// Without `past` it is the present; `readsBlobs` false leaves columns empty that are read from blobs. The tables are good
    /// inside `body` only.
    package static func withSource<R>(
        of tables: [ExportTable], in store: Store, past: PastViews? = nil, before end: Position? = nil,
        readsBlobs: Bool = true, _ body: (TableSource) throws -> R
    ) throws -> R {
        let hasBlobColumns = tables.contains { $0.columns.contains(where: \.isFromBlobs) }
        let blobs = readsBlobs && hasBlobColumns ? BlobStates(of: store.log) : nil
        return try (past?.runner ?? store.views).snapshot(of: projectors(of: tables)) { views in
            let end = end.map { min($0, views.end) } ?? views.end
            return try body(TableSource(log: store.log, views: views, end: end, blobs: blobs))
        }
    }

    /// The read models that tables are made of, each once.
    package static func projectors(of tables: [ExportTable]) -> [any Projector.Type] {
        var found: [any Projector.Type] = []
        for projector in tables.flatMap(\.projectors) where !found.contains(where: { $0.name == projector.name }) {
            found.append(projector)
        }
        return found
    }
}
