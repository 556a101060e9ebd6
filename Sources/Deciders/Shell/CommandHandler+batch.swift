import Determinism
import EventLog

extension CommandHandler {
    /// Decides many commands and appends what they cause together: one question for the time, one wait for the disk.
    ///
    /// One result for each command, in order; each succeeds or fails as if `handle` had been called for it alone, those
    /// for one stream one after the other. The events of different streams stand in the log in the order of their
    /// commands, but for those that were decided again because somebody else was faster.
    package func handle(_ batch: [BatchCommand<D>]) async -> [Result<Handled<D>, CommandError<D.Refusal>>] {
        guard let time = effects.commonTime else { return await handleApart(batch) }
        var round = BatchRound(batch)
        while !round.isOver {
            decide(&round, at: time())
            let commits = round.proposals.map { $0.proposal.commit(to: $0.stream, after: $0.loaded) }
            round.finish(with: commits.isEmpty ? [] : await log.append(commits), mostAttempts: Self.mostAttempts)
        }
        return round.results.compactMap(\.self)
    }

    private func decide(_ round: inout BatchRound<D>, at time: Timestamp) {
        for index in round.takeDue() {
            do throws(CommandError<D.Refusal>) {
                let command = round.batch[index]
                let stream = try stream(of: command.id)
                guard round.claim(stream, for: index) else { continue }
                let loaded = if let held = round.held(by: index, stream) { held } else { try load(stream) }
                let proposal = try propose(command, loaded, at: time)
                if proposal.events.isEmpty {
                    round.settle(index, .success(Handled(unchanged: loaded, time: proposal.time)))
                } else {
                    round.propose(BatchRound.Entry(index: index, stream: stream, loaded: loaded, proposal: proposal))
                }
            } catch {
                round.settle(index, .failure(error))
            }
        }
    }

    @inline(__always)
    private func propose(
        _ command: BatchCommand<D>, _ loaded: Loaded<D>, at time: Timestamp
    ) throws(CommandError<D.Refusal>) -> Proposal<D> {
        let header = EventHeader(run: command.run, job: command.job, worker: worker)
        if isTrueAlready(command.command, loaded.state) {
            return try proposal([], at: nil, header, command.cause, command.blobs)
        }
        return try proposal(
            decide(command.command(time), loaded.state), at: time, header, command.cause, command.blobs)
    }

    /// A task for each stream, so that none waits for a time or a place that another's command must come before.
    private func handleApart(_ batch: [BatchCommand<D>]) async -> [Result<Handled<D>, CommandError<D.Refusal>>] {
        var places: [String: [Int]] = [:]
        for (index, command) in batch.enumerated() { places[command.id, default: []].append(index) }
        return await withTaskGroup(of: [(Int, Result<Handled<D>, CommandError<D.Refusal>>)].self) { group in
            for (index, command) in batch.enumerated() where places[command.id]?.first == index {
                let mine = places[command.id] ?? []
                group.addTask { await handle(mine, of: batch) }
            }
            var results: [Result<Handled<D>, CommandError<D.Refusal>>?] = Array(repeating: nil, count: batch.count)
            for await part in group { for (index, result) in part { results[index] = result } }
            return results.compactMap(\.self)
        }
    }

    private func handle(
        _ places: [Int], of batch: [BatchCommand<D>]
    ) async -> [(Int, Result<Handled<D>, CommandError<D.Refusal>>)] {
        var results: [(Int, Result<Handled<D>, CommandError<D.Refusal>>)] = []
        var last: Loaded<D>?
        for (turn, index) in places.enumerated() {
            let command = batch[index]
            do throws(CommandError<D.Refusal>) {
                let handled = try await handle(
                    command.id, run: command.run, job: command.job, blobs: command.blobs, cause: command.cause,
                    from: turn == 0 ? command.loaded : last, command.command)
                last = handled.loaded
                results.append((index, .success(handled)))
            } catch {
                last = nil
                results.append((index, .failure(error)))
            }
        }
        return results
    }
}
