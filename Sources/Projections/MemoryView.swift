package import Determinism
package import EventLog

/// A read model in memory: a fold of some events, for tests and for small questions.
package struct MemoryView<P: Projector> {
    private let rows = MemoryRows()
    private let fold: Fold<P>
    /// The tables, to be asked.
    package let tables: P.Tables

    package init(_: P.Type = P.self) {
        fold = Fold(P.self, source: rows)
        var maker = TableMaker(source: rows)
        tables = P.Tables(&maker)
    }

    /// Folds events in their order; those of types that the projector doesn't read are skipped.
    package func apply(_ events: some Sequence<Event>) throws(ViewError) {
        for event in events where P.types.contains(where: event.hasType) {
            do throws(ViewError) {
                try fold.apply(SharedEvent(event))
            } catch {
                fold.forget()
                throw error
            }
        }
        rows.write(fold.drain())
    }

    /// The digest of the tables.
    package func digest() throws(ViewError) -> Digest {
        var maker = TableMaker(source: rows)
        _ = P.Tables(&maker)
        do {
            return try ViewDigest.of(maker.tables, in: rows)
        } catch {
            throw .row(P.name, error)
        }
    }
}
