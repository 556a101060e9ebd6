/// Where one event of a stream was recorded.
struct RecordedPlace: Equatable, Sendable {
    let commitID: CommitID
    let indexInCommit: Int
    let commitCount: Int
    let position: Position
}

/// The rules by which a proposal becomes part of a log: same log, same proposal, same outcome, wherever it is applied.
enum Apply {
    /// The version of these rules; a change of any outcome is a new version.
    static let version: UInt16 = 1

    /// What becomes of a proposal.
    enum Outcome: Equatable, Sendable {
        /// Its records go to the end of the log.
        case accepted(first: Position, revision: Revision)
        /// The same commit stands at the expected place already; nothing is to be written.
        case alreadyRecorded(Appended)
        /// The stream stands elsewhere.
        case refused(actual: Revision?)
    }

    /// Decides a proposal.
    ///
    /// A commit that expects a place in its stream is accepted when the stream ends there. When the same commit stands
    /// there already, by its id, the first result holds: so proposing again after a lost answer is harmless. A commit
    /// that expects any place is always accepted.
    ///
    /// `size` is the log's, `last` the revision of the last event of the proposal's stream, nil when it has none, and
    /// `recorded` says which commit an earlier event of the stream belongs to.
    static func apply<Failure: Error>(
        _ proposal: Proposal, size: UInt64, last: Revision?, recorded: (Revision) throws(Failure) -> RecordedPlace?
    ) throws(Failure) -> Outcome {
        let end = last?.next ?? .first
        let wanted = proposal.expected.firstRevision ?? end
        if wanted == end { return .accepted(first: Position(size), revision: end) }
        guard wanted < end, let place = try recorded(wanted), place.commitID == proposal.id, place.indexInCommit == 0,
            place.commitCount == proposal.records.count
        else { return .refused(actual: last) }
        let lastOfCommit = Revision(wanted.rawValue + UInt64(place.commitCount) - 1)
        return .alreadyRecorded(
            Appended(
                first: place.position, count: place.commitCount, lastRevision: lastOfCommit, commitID: proposal.id))
    }
}
