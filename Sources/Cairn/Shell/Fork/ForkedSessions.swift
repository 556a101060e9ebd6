import Deciders
import EventLog
import Jobs
import Replay

/// Which processes of a fork's log were its parent's, on runs that the fork goes on with otherwise than they did.
///
/// What a fork takes over of such a run isn't what a process did from its beginning to its end: jobs are given back, and
/// events left out, where the fork leads elsewhere. What the fork did itself is. A fork of a fork has taken over both.
/// Nor did a process wait as long as another retry policy says, since what was observed keeps its time.
struct ForkedSessions {
    private struct Taken {
        /// Where what was taken over ends.
        let end: Position
        let stream: StreamName
        /// The runs that were changed.
        let changed: Set<String>
        /// Runs that the fork has gone on with, and those whose times don't fit what was changed.
        var resumed: Set<RunID> = []

        /// Whether a process that began behind it went on with what was taken over.
        func isResumed(_ run: RunID, by worker: String) -> Bool {
            changed.contains(run.rawValue)
                || ForkResumption.workers(of: run, fork: stream).contains { $0.rawValue == worker }
        }
    }

    /// Of the store's parent, and of that one's; none in a store that isn't a fork.
    private var forks: [Taken] = []

    init(in log: any Log) throws {
        var created: [StreamName: ForkCreated] = [:]
        let types = [ForkCreated.type, ForkTaken.type, WorkerStarted.type]
        try log.scan(from: .first, to: nil, matching: EventFilter(types: types)) { event in
            if event.hasType(ForkCreated.type) {
                created[event.stream] = try event.decode(ForkCreated.self)
            } else if event.hasType(ForkTaken.type) {
                let runs = created[event.stream]?.runs ?? []
                var taken = Taken(end: event.position, stream: event.stream, changed: Set(runs))
                if created[event.stream]?.changesWaits == true {
                    taken.resumed = Set(runs.compactMap(RunID.init(rawValue:)))
                }
                forks.append(taken)
            } else if !forks.isEmpty, let run = try event.decode(WorkerStarted.self).run {
                for index in forks.indices where forks[index].isResumed(run, by: event.stream.id) {
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

extension ForkCreated {
    /// Whether other waits between attempts belong to it: leases and attempts have times that don't fit them.
    fileprivate var changesWaits: Bool {
        changes.contains { change in
            change.kind == "retry"
                && change.text.split(separator: ",").contains { $0.hasPrefix("base=") || $0.hasPrefix("cap=") }
        }
    }
}
