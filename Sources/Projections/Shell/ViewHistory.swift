import EventLog
import LMDB
import Synchronization

/// Snapshots of read models: how they stood at the end of each window of the log.
///
/// Only rows that changed in a window are kept for it, so all snapshots together take about the room of the read model
/// itself, plus what frequently changed rows take again. They are in `views/history/`, an LMDB environment that may be
/// deleted at any time, and are made from the log alone, whole windows at a time: each in one transaction with its
/// checkpoint, so that nothing is half there whatever is killed. Any number of processes may share it.
final class ViewHistory: Sendable {
    let store: ViewStore
    let window: UInt64
    let log: any Log
    /// The earliest time of each window, by its number.
    let moments: Table
    /// Folding is one at a time in a process.
    private let extending = Mutex(())

    init(log: any Log, directory path: String, storeID: String?, window: UInt64) throws(ViewError) {
        self.log = log
        self.window = window
        let store = try ViewStore.prepared(try ViewDirectory(at: path), storeID: storeID)
        self.store = store
        moments = try inStore("opening the times of windows") { try store.environment.openTable("moments") }
    }

    deinit { store.close() }

    func close() { store.close() }

    /// How many windows have ended before a position.
    func windows(before position: Position) -> UInt32 { Self.windows(of: window, before: position) }

    static func windows(of size: UInt64, before position: Position) -> UInt32 {
        UInt32(clamping: position.rawValue / size)
    }

    /// Where the history of a projector ends.
    func position(of projector: any Projector.Type) throws(ViewError) -> Position {
        try inStore("reading snapshots' checkpoints") {
            try store.environment.read { try store.state(ViewStore.key(of: projector), $0)?.active?.position } ?? .first
        }
    }

    /// Takes the snapshots that are missing up to a number of windows; reads each event once for all projectors.
    ///
    /// A projector that fails stops alone; the first failure is thrown when the others are done.
    func extend(_ projectors: [any Projector.Type], to windows: UInt32) throws(ViewError) {
        try extending.withLock { (_) throws(ViewError) in
            let source = VersionedRows(store.rows, upTo: 0)
            var makers = projectors.map { SnapshotMaker($0, source: source, window: window) }
            var failure: ViewError?
            while true {
                try adopt(makers)
                guard let first = makers.map(\.windows).min(), first < windows else { break }
                let errors = try take(window: first, makers.filter { $0.windows == first }, source)
                makers.removeAll { errors[$0.projector.name] != nil }
                failure = failure ?? errors.min { $0.key < $1.key }?.value
            }
            if let failure { throw failure }
        }
    }

    /// Throws all snapshots away, and the times of windows; they are made anew from the log when they are needed.
    func forget() throws(ViewError) {
        try extending.withLock { (_) throws(ViewError) in
            try inStore("throwing snapshots away") {
                let known = try store.environment.read { try store.states(of: nil, $0) }
                _ = try store.begin(known.map { ($0.key, $0.state) })
                try store.removeGarbage()
                try store.write { transaction in
                    try transaction.withWriteCursor(in: moments) { cursor in
                        while try cursor.position.first() { try cursor.delete() }
                    }
                }
            }
        }
    }

    /// Reads the stored states; begins anew where they are missing or of another log.
    private func adopt(_ makers: [SnapshotMaker]) throws(ViewError) {
        var unusable: [SnapshotMaker] = []
        try inStore("reading snapshots' checkpoints") {
            try store.environment.read { transaction in
                for maker in makers {
                    guard let stored = try store.state(maker.key, transaction) else {
                        unusable.append(maker)
                        continue
                    }
                    maker.adopt(stored)
                }
            }
        }
        for maker in makers where !maker.isChecked {
            if try !follows(maker.state.active) { unusable.append(maker) }
            maker.isChecked = true
        }
        guard !unusable.isEmpty else { return }
        try inStore("beginning snapshots") {
            let states = try store.begin(unusable.map { ($0.key, $0.state) })
            for (maker, state) in zip(unusable, states) { maker.adopt(state) }
            try store.removeGarbage()
        }
    }

    private func follows(_ checkpoint: Checkpoint?) throws(ViewError) -> Bool {
        guard let checkpoint, checkpoint.position > .first else { return true }
        return try log.lastCommit(before: checkpoint.position) == checkpoint.lastCommit
    }

    /// Folds one window, and keeps what it changed; answers which projectors failed.
    private func take(
        window number: UInt32, _ makers: [SnapshotMaker], _ source: VersionedRows
    ) throws(ViewError) -> [String: ViewError] {
        let start = Position(UInt64(number) * window)
        let end = Position(start.rawValue + window)
        source.window = number
        let folds = makers.map { $0.currentFold() }
        let errors: [Int: ViewError]
        do {
            errors = try store.environment.read { transaction in
                try source.lend(transaction) {
                    try TailFold.run(makers.map(\.projector), folds, log, from: start, to: end)
                }
            }
        } catch {
            throw (error as? ViewError) ?? .log(error)
        }
        let last = try log.lastCommit(before: end)
        let sound = makers.indices.filter { errors[$0] == nil }.map { (makers[$0], folds[$0]) }
        let changes = sound.map { maker, fold in
            ViewStore.Change(
                key: maker.key, expected: maker.state, next: maker.state(at: end, lastCommit: last),
                writes: fold.drain().versions(of: number))
        }
        let accepted = try inStore("keeping snapshots") { try store.commit(changes) }
        for ((maker, _), (change, isAccepted)) in zip(sound, zip(changes, accepted)) {
            maker.kept(change.next, isAccepted: isAccepted)
        }
        return Dictionary(errors.map { (makers[$0.key].projector.name, $0.value) }) { first, _ in first }
    }
}

/// One projector on its way through the windows.
private final class SnapshotMaker {
    let projector: any Projector.Type
    let key: [UInt8]
    private(set) var state = ViewState()
    var isChecked = false
    private let source: VersionedRows
    private let window: UInt64
    private var fold: (any AnyFold)?

    init(_ projector: any Projector.Type, source: VersionedRows, window: UInt64) {
        self.projector = projector
        self.window = window
        self.source = source
        key = ViewStore.key(of: projector)
    }

    /// The tables are begun as ones that are built; they answer from the first window on.
    private var checkpoint: Checkpoint? { state.active ?? state.building }
    var windows: UInt32 { checkpoint.map { ViewHistory.windows(of: window, before: $0.position) } ?? 0 }

    /// Takes over what is stored; forgets what doesn't follow from it.
    func adopt(_ stored: ViewState) {
        guard stored != state else { return }
        state = stored
        fold = nil
    }

    /// Notes what was kept, or that another process was faster.
    func kept(_ next: ViewState, isAccepted: Bool) {
        guard isAccepted else {
            fold = nil
            return
        }
        state = next
        fold?.trim()
    }

    func state(at position: Position, lastCommit: CommitID?) -> ViewState {
        guard let checkpoint else { preconditionFailure("snapshots have a place") }
        return ViewState(
            active: Checkpoint(generation: checkpoint.generation, lastCommit: lastCommit, position: position))
    }

    func currentFold() -> any AnyFold {
        guard let checkpoint else { preconditionFailure("snapshots have a place") }
        if let fold { return fold }
        let made = TailFold.make(
            projector, source: source, prefix: ViewStore.prefix(of: checkpoint.generation))
        if checkpoint.position == .first { made.begin() }
        fold = made
        return made
    }
}

/// A few events folded into several read models at once.
enum TailFold {
    static func make<P: Projector>(_: P.Type, source: any RowSource, prefix: [UInt8]) -> any AnyFold {
        Fold(P.self, source: source, prefix: prefix)
    }

    /// Answers which failed, by their numbers; what they folded isn't to be used.
    static func run(
        _ projectors: [any Projector.Type], _ folds: [any AnyFold], _ log: any Log, from: Position, to end: Position
    ) throws -> [Int: ViewError] {
        var errors: [Int: ViewError] = [:]
        guard from < end else { return errors }
        var index = TypeIndex(projectors.enumerated().map { ($0.offset, $0.element.types) })
        var shared: SharedEvent?
        try log.scan(from: from, to: end, matching: EventFilter(types: index.types)) { event in
            let lent = shared ?? SharedEvent(event)
            lent.advance(to: event)
            shared = lent
            for number in index.readers(of: event) where errors[number] == nil {
                do throws(ViewError) {
                    try folds[number].apply(lent)
                } catch {
                    errors[number] = error
                }
            }
        }
        return errors
    }
}
