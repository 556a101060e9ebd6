import Deciders
import EventLog
import Jobs
import Replay

/// Which processes of a fork's log were its parent's, on runs that the fork goes on with otherwise than they did.
///
/// What a fork takes over of such a run isn't what a process did from its beginning to its end: jobs are given back, and
/// events left out, where the fork leads elsewhere. What the fork did itself is.
struct ForkedSessions {
    /// Where what was taken over ends; nil in a store that isn't a fork.
    private let taken: Position?
    /// The runs that a process of the fork itself worked on, of those that were changed.
    let resumed: Set<RunID>

    init(in log: any Log) throws {
        guard let first = try log.event(at: .first), first.hasType(ForkCreated.type),
            let taken = try log.readStream(first.stream, .forward, from: .first, limit: 2).last,
            taken.hasType(ForkTaken.type)
        else {
            self.taken = nil
            resumed = []
            return
        }
        self.taken = taken.position
        let changed = Set(try first.decode(ForkCreated.self).runs)
        var resumed: Set<RunID> = []
        try log.scan(from: taken.position, to: nil, matching: EventFilter(types: [WorkerStarted.type])) { event in
            if let run = try event.decode(WorkerStarted.self).run, changed.contains(run.rawValue) {
                resumed.insert(run)
            }
        }
        self.resumed = resumed
    }

    func isTakenOver(_ session: RecordedSession, of run: RunID) -> Bool {
        guard let taken else { return false }
        return session.first < taken && resumed.contains(run)
    }
}
