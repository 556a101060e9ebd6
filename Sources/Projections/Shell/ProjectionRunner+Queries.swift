import CanonicalJSON
package import Determinism
import LMDB

extension ProjectionRunner {
    /// Asks the tables of a read model, all in one committed state.
    ///
    /// Catches up first, so that the answer is never staler than the log at the time of asking; a projector that can't
    /// is an error. `catchingUp: false` asks what is there. The tables are good inside `body` only. A row that can't be read
    /// throws a `ViewError`.
    package func query<P: Projector, R>(
        _ projector: P.Type, catchingUp: Bool = true, _ body: (P.Tables) throws -> R
    ) throws -> R {
        if catchingUp, past == nil { try bringUp(projector) }
        return try read(projector) { source, prefix in
            var maker = TableMaker(source: source, prefix: prefix)
            do {
                return try body(P.Tables(&maker))
            } catch let error as JSONError {
                throw ViewError.row(projector.name, error)
            } catch let error as KeyError {
                throw ViewError.row(projector.name, error)
            }
        }
    }

    /// The digest of a read model after catching up: equal for the same events and version of the projector.
    package func digest(of projector: any Projector.Type) throws(ViewError) -> Digest {
        if past == nil { try bringUp(projector) }
        do {
            return try openedDigest(projector)
        } catch {
            throw (error as? ViewError) ?? .row(projector.name, error)
        }
    }

    /// The digest of the read model of this name.
    package func digest(named name: String) throws(ViewError) -> Digest { try digest(of: catalogue.projector(name)) }

    /// How far the read model of this name has come.
    package func progress(named name: String) throws(ViewError) -> ViewProgress {
        try progress([catalogue.projector(name)])[0]
    }

    /// How far all read models of the catalogue have come.
    package func progress() throws(ViewError) -> [ViewProgress] { try progress(catalogue.all) }

    /// Builds the read model of this name from nothing, and takes over.
    @discardableResult
    package func rebuild(named name: String) throws(ViewError) -> ViewProgress {
        try rebuild(catalogue.projector(name))
    }

    private func bringUp(_ projector: any Projector.Type) throws(ViewError) {
        if let error = try catchUp([projector])[0].error { throw error }
    }

    private func openedDigest<P: Projector>(_ projector: P.Type) throws -> Digest {
        try read(projector) { source, prefix in
            var maker = TableMaker(source: source, prefix: prefix)
            _ = P.Tables(&maker)
            return try ViewDigest.of(maker.tables, in: source)
        }
    }

    private func read<R>(_ projector: any Projector.Type, _ body: (any RowSource, [UInt8]) throws -> R) throws -> R {
        if let past { return try past.lend([projector]) { try body($0, $1[projector.name] ?? []) } }
        let source = StoredRows(store.rows)
        return try store.environment.read { transaction in
            guard let active = try store.state(ViewStore.key(of: projector), transaction)?.active else {
                throw ViewError(.store, of: projector.name, "it was never built; catch up first")
            }
            return try source.lend(transaction) { try body(source, ViewStore.prefix(of: active.generation)) }
        }
    }
}
