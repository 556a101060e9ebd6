import Deciders
import EventLog
import Jobs
import Replay

/// Which processes of a fork's log were its parent's, on runs that the fork goes on with otherwise than they did.
///
/// What a fork takes over of such a run isn't what a process did from its beginning to its end: jobs are given back, and
/// events left out, where the fork leads elsewhere. What the fork did itself is. A fork of a fork has taken over both.
struct ForkedSessions {
    private struct Taken {
        /// Where what was taken over ends.
        let end: Position
        /// The runs that were changed.
        let changed: Set<String>
        /// Those of them that a process has worked on since.
        var resumed: Set<RunID> = []
    }

    /// Of the store's parent, and of that one's; none in a store that isn't a fork.
    private var forks: [Taken] = []

    init(in log: any Log) throws {
        var changed: [StreamName: Set<String>] = [:]
        let types = [ForkCreated.type, ForkTaken.type, WorkerStarted.type]
        try log.scan(from: .first, to: nil, matching: EventFilter(types: types)) { event in
            if event.hasType(ForkCreated.type) {
                changed[event.stream] = Set(try event.decode(ForkCreated.self).runs)
            } else if event.hasType(ForkTaken.type) {
                forks.append(Taken(end: event.position, changed: changed[event.stream] ?? []))
            } else if !forks.isEmpty, let run = try event.decode(WorkerStarted.self).run {
                for index in forks.indices where forks[index].changed.contains(run.rawValue) {
                    forks[index].resumed.insert(run)
                }
            }
        }
    }

    /// The runs of which something was taken over that no process did as it stands.
    var resumed: [RunID] { Set(forks.flatMap(\.resumed)).sorted() }

    func isTakenOver(_ session: RecordedSession, of run: RunID) -> Bool {
        forks.contains { session.first < $0.end && $0.resumed.contains(run) }
    }
}
