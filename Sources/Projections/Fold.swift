import CanonicalJSON
import EventLog

/// The tables of one projector while events are folded into them, without the projector's types.
protocol AnyFold: AnyObject {
    /// Folds one event; after a failure, `forget` what was folded since the last `drain`.
    func apply(_ event: SharedEvent) throws(ViewError)
    /// Takes note that no row is committed.
    func begin()
    /// The changed rows in key order; from then on they count as committed.
    func drain() -> RowWrites
    /// Forgets everything that isn't committed, and everything that is kept of it.
    func forget()
    /// Forgets what is kept of committed rows if it is much; while tables are built more is kept, as none is asked for
    /// again by others.
    func trim(whileBuilding: Bool)
}

extension AnyFold {
    /// Forgets what is kept of committed rows if it is much.
    func trim() { trim(whileBuilding: false) }
}

/// The tables of one projector while events are folded into them.
final class Fold<P: Projector>: AnyFold {
    /// How many decoded rows of a table may be kept from batch to batch.
    private static var mostKeptRows: Int { 65_536 }
    /// As many while the tables are built from nothing.
    private static var mostKeptRowsWhileBuilding: Int { 524_288 }

    private var projected: P.Tables
    private let tables: [any AnyTable]
    private let context = FoldContext()

    init(_: P.Type, source: any RowSource, prefix: [UInt8] = []) {
        var maker = TableMaker(source: source, prefix: prefix, context: context)
        projected = P.Tables(&maker)
        tables = maker.tables
    }

    func apply(_ event: SharedEvent) throws(ViewError) {
        do {
            try P.apply(event, to: &projected)
        } catch {
            throw .stopped(P.name, at: event.event, by: context.failure ?? error)
        }
        if let failure = context.failure { throw .row(P.name, failure, at: event.position) }
    }

    func begin() {
        for table in tables { table.begin() }
    }

    func drain() -> RowWrites {
        var writes = RowWrites()
        writes.reserve(tables.reduce(0) { $0 + $1.changedRows })
        var writer = CanonicalWriter()
        for table in tables {
            let first = writes.count
            table.drain(into: &writes, &writer)
            writes.sort(from: first)
        }
        return writes
    }

    func forget() {
        context.failure = nil
        for table in tables { table.forget() }
    }

    func trim(whileBuilding: Bool) {
        let most = whileBuilding ? Self.mostKeptRowsWhileBuilding : Self.mostKeptRows
        for table in tables where table.keptRows > most { table.forget() }
    }
}
