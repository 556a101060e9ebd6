package import EventLog

extension Log {
    /// The commit of the event before a position, by which a checkpoint tells its log from others; nil for the first.
    package func lastCommit(before position: Position) throws(ViewError) -> CommitID? {
        guard position > .first else { return nil }
        do throws(LogError) {
            return try event(at: Position(position.rawValue - 1))?.commitID
        } catch {
            throw .log(error)
        }
    }
}
