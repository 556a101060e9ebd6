import LMDB

/// Beginning, replacing and throwing away whole sets of tables.
extension ViewStore {
    /// Opens the store in a directory; what is damaged, of another layout or of another log is thrown away.
    static func prepared(_ directory: ViewDirectory, storeID: String?) throws(ViewError) -> ViewStore {
        do {
            let store = try ViewStore(directory)
            do {
                try store.begin(storeID: storeID)
                if directory.wasAlone { try store.removeReplaced() }
                return store
            } catch {
                store.environment.close()
                throw error
            }
        } catch {
            guard directory.wasAlone else { throw .store(error, while: "opening the read models in \(directory.path)") }
            return try inStore("beginning the read models in \(directory.path) anew") {
                ViewDirectory.removeContents(of: directory.path)
                let store = try ViewStore(directory)
                try store.begin(storeID: storeID)
                return store
            }
        }
    }

    private func begin(storeID: String?) throws {
        let known = try environment.read { try header($0) }
        if let known {
            guard known.store == storeID else {
                throw ViewError(
                    .store,
                    "the directory holds read models of the store \(known.store ?? "without an id"); "
                        + "end the other programs that use it, and it is built anew")
            }
            return
        }
        try write { transaction in
            if try header(transaction) == nil { try set(ViewsHeader(store: storeID), transaction) }
        }
    }

    /// Makes empty tables for each key, in place of those of `seen`; what another process made meanwhile is kept.
    func begin(_ views: [(key: [UInt8], seen: ViewState)]) throws -> [ViewState] {
        try write { transaction in
            guard var header = try header(transaction) else { throw ViewError(.store, "the header is missing") }
            var states: [ViewState] = []
            for (key, seen) in views {
                let stored = try state(key, transaction)
                if let stored, stored != seen {
                    states.append(stored)
                    continue
                }
                header.garbage += stored?.generations ?? []
                let fresh = ViewState(building: Checkpoint(generation: header.takeGeneration()))
                try set(fresh, at: key, transaction)
                states.append(fresh)
            }
            try set(header, transaction)
            return states
        }
    }

    /// Makes empty tables to be built beside those that answer queries.
    func beginRebuild(_ keys: [[UInt8]]) throws {
        try write { transaction in
            guard var header = try header(transaction) else { throw ViewError(.store, "the header is missing") }
            for key in keys {
                var state = try state(key, transaction) ?? ViewState()
                if let abandoned = state.building { header.garbage.append(abandoned.generation) }
                state.building = Checkpoint(generation: header.takeGeneration())
                try set(state, at: key, transaction)
            }
            try set(header, transaction)
        }
        try removeGarbage()
    }

    /// Lets the tables that were built answer queries; nil if the state is no longer the expected one.
    ///
    /// Tables of older versions are marked as replaced: programs that know no better may still be asking them. Rows that
    /// nobody asks any more are garbage from then on; `removeGarbage` removes them.
    func takeOver(
        _ key: [UInt8], _ projector: any Projector.Type, expecting expected: ViewState
    ) throws -> ViewState? {
        try write { (transaction) -> ViewState? in
            guard try state(key, transaction) == expected, let built = expected.building else { return nil }
            guard var header = try header(transaction) else { throw ViewError(.store, "the header is missing") }
            if let before = expected.active { header.garbage.append(before.generation) }
            let next = ViewState(active: built)
            try set(next, at: key, transaction)
            for older in try states(of: projector.name, transaction) where older.version < projector.version {
                var state = older.state
                state.replacedBy = projector.version
                try set(state, at: older.key, transaction)
            }
            try set(header, transaction)
            return next
        }
    }

    /// Throws away the tables of versions that a newer one has replaced.
    private func removeReplaced() throws {
        let replaced = try environment.read { try states(of: nil, $0) }.filter { $0.state.replacedBy != nil }
        if !replaced.isEmpty {
            try write { transaction in
                guard var header = try header(transaction) else { throw ViewError(.store, "the header is missing") }
                for view in replaced where try state(view.key, transaction) == view.state {
                    header.garbage += view.state.generations
                    try set(nil, at: view.key, transaction)
                }
                try set(header, transaction)
            }
        }
        try removeGarbage()
    }
}
