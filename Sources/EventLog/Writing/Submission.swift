import Synchronization

/// A commit on its way to the disk.
struct PendingAppend: Sendable {
    let proposal: Proposal
    /// Nil when the records are final only in their place.
    let leaves: Leaves?
}

/// What one call has queued at once: commits in order, and who is told what became of them.
struct Submission: Sendable {
    let appends: [PendingAppend]
    /// The blobs of all of them that may not be there yet.
    let blobs: [EncodedBlob]
    let answer: Answer

    /// Who waits.
    enum Answer: Sendable {
        /// The caller with one commit; resumed exactly once, by the writer's thread.
        case one(CheckedContinuation<Result<Appended, LogError>, Never>)
        /// The caller with many, of which these are the ones at those places.
        case part(BatchResults, places: [Int])
    }

    /// Tells the caller what became of each commit.
    func resume(_ results: ArraySlice<Result<Appended, LogError>>) {
        switch answer {
        case .one(let waiter): for result in results { waiter.resume(returning: result) }
        case .part(let batch, let places): batch.finish(places, with: results)
        }
    }
}

/// The results of a call with many commits, which come part by part.
final class BatchResults: Sendable {
    private struct State {
        /// In the order of the commits; only those that are missing are what they began with.
        var results: [Result<Appended, LogError>]
        var missing: Int
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>
    private static let unknown = Result<Appended, LogError>.failure(
        LogError(.outcomeUnknown, during: "appending", "no answer has come yet"))

    init(count: Int) {
        state = Mutex(State(results: Array(repeating: BatchResults.unknown, count: count), missing: count, waiter: nil))
    }

    /// Notes the results of the commits at some places, each of which comes once.
    func finish(_ places: some Collection<Int>, with results: some Sequence<Result<Appended, LogError>>) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            for (place, result) in zip(places, results) { state.results[place] = result }
            state.missing -= places.count
            guard state.missing == 0 else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// All results, in the order of the commits; waits for those that are missing.
    func all() async -> [Result<Appended, LogError>] {
        await withCheckedContinuation { waiter in
            let isComplete = state.withLock { state in
                if state.missing > 0 { state.waiter = waiter }
                return state.missing == 0
            }
            if isComplete { waiter.resume() }
        }
        return state.withLock { state in
            defer { state.results = [] }
            return state.results
        }
    }
}
