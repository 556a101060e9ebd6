package import EventLog
import LMDB

/// Tables of several read models as of one position of the log; good inside the closure that they are lent to.
package struct ViewSnapshot {
    /// The first position that isn't part of them.
    package let end: Position
    private let source: any RowSource
    private let prefixes: [String: [UInt8]]

    fileprivate init(end: Position, source: any RowSource, prefixes: [String: [UInt8]]) {
        self.end = end
        self.source = source
        self.prefixes = prefixes
    }

    /// The tables of one of the read models that were asked for.
    package func tables<P: Projector>(of projector: P.Type) throws -> P.Tables {
        guard let prefix = prefixes[projector.name] else {
            throw ViewError(.unknownName, of: projector.name, "it isn't part of what was asked for")
        }
        var maker = TableMaker(source: source, prefix: prefix)
        return P.Tables(&maker)
    }
}

extension ProjectionRunner {
    /// How often read models are caught up again where another process was faster with some of them.
    private static let mostTries = 20

    /// Asks the tables of several read models, all as of the same position.
    ///
    /// Catches up first. The tables stay as they are inside `body`, whatever is recorded meanwhile.
    package func snapshot<R>(
        of projectors: [any Projector.Type], _ body: (ViewSnapshot) throws -> R
    ) throws -> R {
        if let past {
            return try past.lend(projectors) { source, prefixes in
                try body(ViewSnapshot(end: past.end, source: source, prefixes: prefixes))
            }
        }
        for _ in 0..<Self.mostTries {
            if let error = try catchUp(projectors).compactMap(\.error).first { throw error }
            if let result = try evenSnapshot(of: projectors, body) { return result }
        }
        throw ViewError(.store, "read models moved on one by one \(Self.mostTries) times; ask when less is going on")
    }

    /// Nil when the read models don't stand at the same position.
    private func evenSnapshot<R>(of projectors: [any Projector.Type], _ body: (ViewSnapshot) throws -> R) throws -> R? {
        let source = StoredRows(store.rows)
        let size = try logSize()
        return try store.environment.read { transaction in
            var end: Position?
            var prefixes: [String: [UInt8]] = [:]
            for projector in projectors {
                guard let active = try store.state(ViewStore.key(of: projector), transaction)?.active else {
                    return nil
                }
                if let end, end != active.position { return nil }
                end = active.position
                prefixes[projector.name] = ViewStore.prefix(of: active.generation)
            }
            let snapshot = ViewSnapshot(end: end ?? size, source: source, prefixes: prefixes)
            return try source.lend(transaction) { try body(snapshot) }
        }
    }
}
