import LMDB

/// Writes one group after the other; used by the writer's thread alone.
///
/// `@unchecked Sendable`: `edge` is touched by that thread only.
final class GroupWriter: @unchecked Sendable {
    private let reader: LogReader
    private let blobs: BlobStore
    private let watcher: LogWatcher
    /// What this process knows of the log's right edge; nil before the first group and after a failure.
    private var edge: LogEdge?

    init(_ reader: LogReader, blobs: BlobStore, watcher: LogWatcher) {
        self.reader = reader
        self.blobs = blobs
        self.watcher = watcher
    }

    /// Writes a group and answers everyone in it.
    func write(_ group: [Submission]) {
        let results = results(of: group)
        var next = 0
        for submission in group {
            submission.resume(results[next..<next + submission.appends.count])
            next += submission.appends.count
        }
    }

    private func results(of group: [Submission]) -> [Result<Appended, LogError>] {
        do throws(LogError) {
            try blobs.store(group.flatMap(\.blobs))
            return try apply(group)
        } catch {
            edge = nil
            return Array(repeating: .failure(error), count: group.reduce(0) { $0 + $1.appends.count })
        }
    }

    private func apply(_ group: [Submission]) throws(LogError) -> [Result<Appended, LogError>] {
        let known = edge
        var applied = false
        do {
            let (results, after) = try reader.environment.write { transaction in
                applied = false
                // Whoever erases blobs does so while nobody can append: what was there before may be gone now.
                try blobs.store(group.flatMap(\.blobs))
                let writing = try GroupTransaction(reader.tables, known: known, transaction)
                let outcome = try writing.apply(group, transaction)
                applied = true
                return outcome
            }
            edge = after
            watcher.advance(to: after.meta.size)
            return results
        } catch {
            let appends = group.flatMap(\.appends)
            let failure = LogError(error, during: "appending \(appends.count) commits")
            guard applied else { throw failure }
            return settle(appends, failure)
        }
    }

    /// After a commit that failed half-way: what is in the log now, by commit id, and made durable, has landed.
    private func settle(_ appends: [PendingAppend], _ failure: LogError) -> [Result<Appended, LogError>] {
        edge = nil
        let unknown = LogError(
            .outcomeUnknown, during: failure.operation,
            failure.message + "; append it again with the same content to find out")
        let found = appends.map { append in Result { () throws(LogError) in try landed(append.proposal) } }
        let anyLanded = found.contains { if case .success(.none) = $0 { false } else { true } }
        let isDurable = anyLanded ? (try? reader.environment.sync()) != nil : true
        return found.map { found in
            switch found {
            case .success(.none): .failure(failure)
            case .success(.some(let place)): isDurable ? .success(place) : .failure(unknown)
            case .failure: .failure(unknown)
            }
        }
    }

    private func landed(_ proposal: Proposal) throws(LogError) -> Appended? {
        let tables = reader.tables
        return try reader.reading("looking for commit \(proposal.id)") { transaction in
            guard let entry = try tables.entry(of: proposal.stream, in: transaction) else { return nil }
            let count = UInt64(proposal.records.count)
            let end = entry.last.next.rawValue
            guard let first = proposal.expected.firstRevision ?? (end >= count ? Revision(end - count) : nil),
                let place = try tables.recorded(entry, at: first, in: transaction),
                place.commitID == proposal.id, place.indexInCommit == 0
            else { return nil }
            return Appended(
                first: place.position, count: place.commitCount,
                lastRevision: Revision(first.rawValue + count - 1), commitID: proposal.id)
        }
    }
}

extension Proposal {
    /// What its proposer is told.
    func result(of outcome: Apply.Outcome) -> Result<Appended, LogError> {
        switch outcome {
        case .accepted(let first, let revision):
            .success(
                Appended(
                    first: first, count: records.count,
                    lastRevision: Revision(revision.rawValue + UInt64(records.count) - 1), commitID: id))
        case .alreadyRecorded(let place): .success(place)
        case .refused(let actual):
            .failure(
                LogError(
                    .conflict(actual: actual), during: "appending to \(stream)",
                    "the stream \(actual.map { "is at revision \($0)" } ?? "has no event"); read it and decide again"))
        }
    }
}
