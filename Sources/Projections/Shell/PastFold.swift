import EventLog
import LMDB
import Synchronization

/// Read models as of one moment: the snapshot before it, and the few events since, folded when they are first asked for.
final class PastFold: Sendable {
    let end: Position
    /// The size of windows.
    private let window: UInt64
    private let log: any Log
    /// Nil where no window had ended by then.
    private let history: ViewHistory?
    /// What the events since the snapshot changed, by projector; the lock makes folding once of asking twice.
    private let folded = Mutex<[String: (prefix: [UInt8], changes: RowWrites)]>([:])

    init(log: any Log, history: ViewHistory?, end: Position, window: UInt64) {
        self.log = log
        self.window = window
        self.history = history
        self.end = end
    }

    /// Lends the rows of some projectors, with what the keys of each begin with.
    func lend<R>(
        _ projectors: [any Projector.Type], _ body: (any RowSource, [String: [UInt8]]) throws -> R
    ) throws -> R {
        let windows = ViewHistory.windows(of: window, before: end)
        guard let history, windows > 0 else {
            return try lend(projectors, over: nil, from: .first, prefixes: [:], body)
        }
        try history.extend(projectors, to: windows)
        let base = VersionedRows(history.store.rows, upTo: windows - 1)
        return try history.store.environment.read { transaction in
            var prefixes: [String: [UInt8]] = [:]
            for projector in projectors {
                guard let active = try history.store.state(ViewStore.key(of: projector), transaction)?.active else {
                    throw ViewError(.store, of: projector.name, "its snapshots were removed meanwhile; ask again")
                }
                prefixes[projector.name] = ViewStore.prefix(of: active.generation)
            }
            return try base.lend(transaction) {
                try lend(
                    projectors, over: base, from: Position(UInt64(windows) * window), prefixes: prefixes,
                    body)
            }
        }
    }

    private func lend<R>(
        _ projectors: [any Projector.Type], over base: VersionedRows?, from: Position, prefixes: [String: [UInt8]],
        _ body: (any RowSource, [String: [UInt8]]) throws -> R
    ) throws -> R {
        let known = try folded.withLock { folded in
            let missing = projectors.filter { folded[$0.name] == nil }
            if !missing.isEmpty {
                let source: any RowSource = base ?? PastRows(base: nil, changes: [:])
                let own = missing.indices.map { number in
                    prefixes[missing[number].name] ?? ViewStore.prefix(of: UInt32(folded.count + number))
                }
                var folds: [any AnyFold] = []
                for (projector, prefix) in zip(missing, own) {
                    folds.append(TailFold.make(projector, source: source, prefix: prefix))
                }
                let errors = try TailFold.run(missing, folds, log, from: from, to: end)
                if let error = errors.min(by: { $0.key < $1.key })?.value { throw error }
                for (number, projector) in missing.enumerated() {
                    folded[projector.name] = (own[number], folds[number].drain())
                }
            }
            return folded
        }
        var changes: [[UInt8]: RowWrites] = [:]
        var places: [String: [UInt8]] = [:]
        for projector in projectors {
            guard let entry = known[projector.name] else { continue }
            changes[entry.prefix] = entry.changes
            places[projector.name] = entry.prefix
        }
        return try body(PastRows(base: base, changes: changes), places)
    }
}
