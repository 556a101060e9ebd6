import EventLog

/// One read model as this process knows it: its stored state, and the fold that continues from there.
final class Follower {
    let projector: any Projector.Type
    /// Where its state is stored.
    let key: [UInt8]
    /// Whether it builds tables to take over from good ones.
    let rebuilds: Bool
    private(set) var state = ViewState()
    /// Whether the checkpoint was compared with the log.
    var isChecked = false
    /// Its own, so that it can be folded on any thread.
    let source: StoredRows
    private var fold: (generation: UInt32, fold: any AnyFold)?

    init(_ projector: any Projector.Type, source: StoredRows, rebuilds: Bool = false) {
        self.projector = projector
        self.source = source
        self.rebuilds = rebuilds
        key = ViewStore.key(of: projector)
    }

    /// The tables that are being filled; nil if somebody else has finished the rebuild.
    var checkpoint: Checkpoint? { rebuilds ? state.building : state.active ?? state.building }

    /// Whether the tables don't answer queries yet.
    var isBuilding: Bool { rebuilds ? state.building != nil : state.active == nil }

    /// Takes over what is stored; forgets what doesn't follow from it.
    func adopt(_ stored: ViewState) {
        guard stored != state else { return }
        let known = checkpoint
        state = stored
        if checkpoint?.generation != known?.generation {
            fold = nil
            isChecked = false
        } else if checkpoint != known {
            fold?.fold.forget()
        }
    }

    /// Notes what this process has stored itself.
    func stored(_ next: ViewState) { state = next }

    /// The state after the working tables have come to a position.
    func state(at position: Position, lastCommit: CommitID?) -> ViewState {
        var next = state
        guard let checkpoint else { return next }
        let moved = Checkpoint(generation: checkpoint.generation, lastCommit: lastCommit, position: position)
        if isBuilding { next.building = moved } else { next.active = moved }
        return next
    }

    /// The fold that continues from the checkpoint.
    func currentFold() -> any AnyFold {
        guard let checkpoint else { preconditionFailure("a fold has tables to fill") }
        let generation = checkpoint.generation
        if let fold, fold.generation == generation { return fold.fold }
        let made = Self.makeFold(projector, source: source, prefix: ViewStore.prefix(of: generation))
        // Rows are committed together with a later checkpoint.
        if checkpoint.position == .first { made.begin() }
        fold = (generation, made)
        return made
    }

    private static func makeFold<P: Projector>(_: P.Type, source: StoredRows, prefix: [UInt8]) -> any AnyFold {
        Fold(P.self, source: source, prefix: prefix)
    }
}
