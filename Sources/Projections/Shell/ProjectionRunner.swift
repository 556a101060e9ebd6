package import EventLog
import LMDB
import Synchronization

/// Keeps the read models of a log in `views/` and answers queries from them.
///
/// Any number of threads and processes may share a directory. A batch is folded against one committed state and
/// committed only if that is still the state; else it is dropped and folded again from where the other process came to.
/// So each event counts exactly once, whatever is killed, and nobody waits for another's folding.
///
/// Functions block their thread while they fold. Don't catch up inside a query of the same thread.
package final class ProjectionRunner: Sendable {
    /// How many positions of the log are folded into one transaction; bounds memory and the time of a write lock.
    package static let largestBatch = 32_768
    /// How many positions of the log are between two snapshots, and so what a question about the past folds at most.
    package static let usualWindow: UInt64 = 32_768
    /// How many such batches are folded at once while tables are built that nobody asks yet.
    private static let batchesBuiltAtOnce = 32

    /// The projectors that can be asked for by name.
    package let catalogue: ProjectorCatalogue
    let log: any Log
    let store: ViewStore
    private let limit: Position?
    let batch: Int
    /// How many bytes of rows are gathered before they are committed.
    let bytesCommittedAtOnce: Int
    let path: String
    let storeID: String?
    /// How many positions a snapshot is apart from the next.
    let window: UInt64
    /// Answers as of a moment in the past; nil for the present.
    let past: PastFold?
    /// Opened when it is first needed; the lock makes that one step.
    let history = Mutex<ViewHistory?>(nil)
    /// Folding is one at a time in a process: the lock protects the kept rows.
    private let inside: Mutex<Inside>

    /// Opens the read models of a log in a directory, which is made if it is missing.
    ///
    /// `storeID` tells this log from others: a directory of another store is emptied. `limit` is a position at which
    /// the log is taken to end.
    package convenience init(
        log: any Log, directory path: String, storeID: String? = nil, catalogue: ProjectorCatalogue,
        limit: Position? = nil, batch: Int = largestBatch, window: UInt64 = usualWindow
    ) throws(ViewError) {
        let directory = try ViewDirectory(at: path)
        try self.init(log, directory, storeID: storeID, catalogue, limit: limit, batch: batch, window: window)
    }

    init(
        _ log: any Log, _ directory: ViewDirectory, storeID: String?, _ catalogue: ProjectorCatalogue,
        limit: Position?, batch: Int, bytesCommittedAtOnce: Int = 1 << 23, window: UInt64 = usualWindow,
        past: PastFold? = nil
    ) throws(ViewError) {
        self.log = log
        self.storeID = storeID
        self.window = window
        self.past = past
        self.catalogue = catalogue
        self.limit = limit
        self.batch = batch
        self.bytesCommittedAtOnce = bytesCommittedAtOnce
        path = directory.path
        let store = try ViewStore.prepared(directory, storeID: storeID)
        self.store = store
        inside = Mutex(Inside())
    }

    deinit { store.close() }

    /// Leaves the directory in order; nothing can be asked after that.
    ///
    /// Harmless when repeated.
    package func close() {
        history.withLock { $0?.close() }
        store.close()
    }

    /// Brings read models to the end of the log, or to `end` if that comes before, reading each event once for all.
    ///
    /// A projector that fails stops alone, and its progress says why. When there is nothing new this costs microseconds.
    @discardableResult
    package func catchUp(
        _ projectors: [any Projector.Type], to end: Position? = nil
    ) throws(ViewError) -> [ViewProgress] {
        let size = try logSize()
        return try inside.withLock { (inside) throws(ViewError) -> [ViewProgress] in
            let followers = projectors.map { inside.follower(of: $0, in: store) }
            return try advance(followers, size: size, to: min(end ?? size, size))
        }
    }

    /// Brings all read models of the catalogue to the end of the log.
    @discardableResult
    package func catchUpAll() throws(ViewError) -> [ViewProgress] { try catchUp(catalogue.all) }

    /// Builds a read model from nothing, beside the present one, and takes over in one step.
    @discardableResult
    package func rebuild(_ projector: any Projector.Type) throws(ViewError) -> ViewProgress {
        let progress = try rebuild([projector])
        return progress[0]
    }

    /// Builds read models from nothing in one pass over the log.
    ///
    /// Who has something else to do meanwhile may leave the rows that were replaced, and remove them on another thread.
    @discardableResult
    package func rebuild(
        _ projectors: [any Projector.Type], leavingReplaced: Bool = false
    ) throws(ViewError) -> [ViewProgress] {
        let size = try logSize()
        let progress = try inside.withLock { (_) throws(ViewError) -> [ViewProgress] in
            let followers = projectors.map { Follower($0, source: StoredRows(store.rows), rebuilds: true) }
            try inStore("starting to rebuild") { try store.beginRebuild(followers.map(\.key)) }
            return try advance(followers, size: size, to: size)
        }
        if !leavingReplaced { try removeReplaced() }
        return progress
    }

    /// Removes the rows that rebuilds have replaced; queries may go on meanwhile.
    package func removeReplaced() throws(ViewError) {
        try inStore("removing replaced rows") { try store.removeGarbage() }
    }

    /// How far read models have come, without catching up; those that were never built stand at 0.
    package func progress(_ projectors: [any Projector.Type]) throws(ViewError) -> [ViewProgress] {
        let size = try logSize()
        return try inStore("reading checkpoints") {
            try store.environment.read { transaction in
                try projectors.map { projector in
                    let state = try store.state(ViewStore.key(of: projector), transaction)
                    let position = (state?.active ?? state?.building)?.position ?? .first
                    let phase: CatchUp.Phase =
                        state?.active == nil ? .building : position < size ? .catchingUp : .live
                    return ViewProgress(
                        projector: projector.name, version: projector.version, phase: phase, position: position,
                        error: nil)
                }
            }
        }
    }

    func logSize() throws(ViewError) -> Position {
        do throws(LogError) {
            let size = Position(try log.head().size)
            return min(size, limit ?? size)
        } catch {
            throw .log(error)
        }
    }
}

/// What the lock of a runner protects.
private struct Inside {
    private var followers: [[UInt8]: Follower] = [:]

    mutating func follower(of projector: any Projector.Type, in store: ViewStore) -> Follower {
        let key = ViewStore.key(of: projector)
        if let known = followers[key] { return known }
        let follower = Follower(projector, source: StoredRows(store.rows))
        followers[key] = follower
        return follower
    }
}

extension ProjectionRunner {
    /// Carries out what `CatchUp` says until it is finished.
    private func advance(
        _ followers: [Follower], size: Position, to target: Position
    ) throws(ViewError) -> [ViewProgress] {
        try adopt(followers, size: size)
        // What nobody asks yet may be folded in larger pieces: each row is then written fewer times.
        let isBuilding = followers.allSatisfy { $0.isBuilding }
        var machine = CatchUp(
            from: followers.map { ($0.checkpoint?.position ?? target, $0.isBuilding) }, to: target,
            batch: isBuilding && batch == Self.largestBatch ? batch * Self.batchesBuiltAtOnce : batch)
        var errors: [Int: ViewError] = [:]
        while true {
            switch machine.next() {
            case .feed(let group, let from, let end):
                let members = group.map { followers[$0] }
                for (member, error) in try feed(members, from: from, to: end) {
                    errors[group[member]] = error
                    machine.failed(group[member])
                }
                for number in group where errors[number] == nil { machine.follow(followers[number], number, target) }
            case .takeOver(let number):
                let follower = followers[number]
                let next = try inStore("letting \(follower.projector.name) take over") {
                    try store.takeOver(follower.key, follower.projector, expecting: follower.state)
                }
                if let next { follower.stored(next) } else { try adopt([follower], size: size) }
                machine.follow(follower, number, target)
            case .finished:
                return followers.indices.map { number in
                    ViewProgress(followers[number].projector, machine.tracks[number], errors[number])
                }
            }
        }
    }

    /// Reads the stored states; makes those that are missing, and begins anew where they are of another log.
    func adopt(_ followers: [Follower], size: Position) throws(ViewError) {
        var unusable: [Follower] = []
        try inStore("reading checkpoints") {
            try store.environment.read { transaction in
                for follower in followers {
                    if let stored = try store.state(follower.key, transaction) {
                        follower.adopt(stored)
                    } else {
                        unusable.append(follower)
                    }
                }
            }
        }
        for follower in followers where !follower.isChecked {
            if try !follows(follower.checkpoint, size: size) { unusable.append(follower) }
            follower.isChecked = true
        }
        guard !unusable.isEmpty else { return }
        try inStore("beginning read models") {
            let states = try store.begin(unusable.map { ($0.key, $0.state) })
            for (follower, state) in zip(unusable, states) {
                follower.adopt(state)
                follower.isChecked = true
            }
            try store.removeGarbage()
        }
    }

    /// Whether a checkpoint is one of this log: not beyond its end, and with the same event before it.
    private func follows(_ checkpoint: Checkpoint?, size: Position) throws(ViewError) -> Bool {
        guard let checkpoint, checkpoint.position > .first else { return true }
        guard checkpoint.position <= size else { return false }
        return try log.lastCommit(before: checkpoint.position) == checkpoint.lastCommit
    }
}

extension CatchUp {
    /// Notes where a follower stands; one whose rebuild another process has finished is at the target.
    fileprivate mutating func follow(_ follower: Follower, _ number: Int, _ target: Position) {
        moved(number, to: follower.checkpoint?.position ?? target, isBuilding: follower.isBuilding)
    }
}

extension ViewProgress {
    fileprivate init(_ projector: any Projector.Type, _ track: CatchUp.Track, _ error: ViewError?) {
        self.init(
            projector: projector.name, version: projector.version, phase: track.phase, position: track.position,
            error: error)
    }
}

/// Runs something on the store, and says what it was when it fails.
func inStore<R>(_ doing: String, _ body: () throws -> R) throws(ViewError) -> R {
    do {
        return try body()
    } catch {
        throw .store(error, while: doing)
    }
}
