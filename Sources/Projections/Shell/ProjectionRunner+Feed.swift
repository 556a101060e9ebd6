import EventLog

/// Folding a range of the log, and committing what came of it.
extension ProjectionRunner {
    /// Folds a range of the log into read models that all stand at its beginning, and commits.
    ///
    /// Returns those that failed. Where another process was faster, its state is adopted.
    func feed(_ followers: [Follower], from: Position, to end: Position) throws(ViewError) -> [Int: ViewError] {
        let threads = end.rawValue - from.rawValue < FoldPass.shortest ? 1 : OrderedWork.cores
        let errors = try fold(followers, range: from..<end, threads: threads)
        let last = try log.lastCommit(before: end)
        // In the order of their generations: rows of new ones come behind all others, one after the other.
        let steps = followers.indices.filter { errors[$0] == nil }.map { number in
            Step(followers[number], to: followers[number].state(at: end, lastCommit: last))
        }.sorted { left, right in
            (left.follower.checkpoint?.generation ?? 0) < (right.follower.checkpoint?.generation ?? 0)
        }
        let accepted: [Bool]
        do {
            accepted = try commit(steps, threads: threads)
        } catch {
            for follower in followers { follower.currentFold().forget() }
            throw .store(error, while: "committing read models")
        }
        for (step, isAccepted) in zip(steps, accepted) {
            step.follower.stored(step.next)
            let fold = step.follower.currentFold()
            if isAccepted { fold.trim(whileBuilding: step.follower.isBuilding) } else { fold.forget() }
        }
        let beaten = zip(steps, accepted).filter { !$0.1 }.map(\.0.follower)
        if !beaten.isEmpty { try adopt(beaten, size: logSize()) }
        return errors
    }

    /// Folds a range of the log, without committing; why those failed that did.
    private func fold(
        _ followers: [Follower], range: Range<Position>, threads: Int
    ) throws(ViewError) -> [Int: ViewError] {
        let pass = FoldPass(log: log, store: store, range: range)
        let parts = FoldPass.parts(of: followers.map(\.projector), among: threads)
        let lent = parts.map { part in LentFollowers(part.map { followers[$0] }) }
        var errors: [Int: ViewError] = [:]
        do {
            try OrderedWork.run(parts.count, threads: threads) { number in
                (part: parts[number], errors: try pass.run(lent[number].followers))
            } take: { failed in
                for (place, error) in failed.errors { errors[failed.part[place]] = error }
            }
        } catch {
            for follower in followers { follower.currentFold().forget() }
            throw (error as? ViewError) ?? .log(error)
        }
        return errors
    }

    /// Encodes what was folded and commits it, some read models while others are encoded; false for those whose state is
    /// no longer the expected one.
    ///
    /// Few rows are committed together. Many aren't: LMDB keeps the pages that a transaction has changed in a sorted list,
    /// and makes room in it for each.
    private func commit(_ steps: [Step], threads: Int) throws -> [Bool] {
        var accepted: [Bool] = []
        var gathered: [ViewStore.Change] = []
        let lent = steps.map { LentFollowers([$0.follower]) }
        try OrderedWork.run(steps.count, threads: threads) { number in
            lent[number].followers[0].currentFold().drain()
        } take: { writes in
            gathered.append(steps[accepted.count + gathered.count].change(writes))
            guard gathered.reduce(0, { $0 + $1.writes.bytes.count }) >= bytesCommittedAtOnce else { return }
            accepted += try store.commit(gathered)
            gathered = []
        }
        if !gathered.isEmpty { accepted += try store.commit(gathered) }
        return accepted
    }
}

/// A follower whose events are folded, and the state that it comes to when its rows are committed.
private struct Step {
    let follower: Follower
    let next: ViewState

    init(_ follower: Follower, to next: ViewState) {
        self.follower = follower
        self.next = next
    }

    func change(_ writes: RowWrites) -> ViewStore.Change {
        ViewStore.Change(key: follower.key, expected: follower.state, next: next, writes: writes)
    }
}

/// Followers that one thread works with while their owner waits for what it makes of them.
///
/// `@unchecked Sendable`: the runner's lock is held all the while, no follower is lent to two threads, and the owner
/// changes none before the thread has ended.
private struct LentFollowers: @unchecked Sendable {
    let followers: [Follower]

    init(_ followers: [Follower]) { self.followers = followers }
}
