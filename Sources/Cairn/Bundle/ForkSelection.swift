import Calls
import Deciders
import EventLog
import Experiments
import Jobs
import Replay

/// The events in which the forks that a run was taken over into tell of themselves.
///
/// A store that began as a fork of a fork has both. A run that was begun in a fork has nothing of it.
struct ForkSelection {
    /// Each stream from its beginning on, up to where all was taken over, or the last call that was sent for the run.
    let events: [Event]

    /// `includesCall` tells of a call's stream whether it is in the bundle.
    init(
        of run: RunID, in log: LMDBLog, before end: Position, includesCall: (StreamName) throws -> Bool
    ) throws {
        guard
            let submitted = try log.position(
                of: StreamName(category: Run.category, id: run.rawValue), revision: .first)
        else {
            events = []
            return
        }
        var forks: [StreamName: (events: [Event], count: Int)] = [:]
        let types = [ForkCreated.type, ForkTaken.type, ForkCallSent.type]
        try log.scan(from: .first, to: end, matching: EventFilter(types: types)) { event in
            var fork = forks[event.stream] ?? ([], 0)
            fork.events.append(event.detached)
            if event.hasType(ForkTaken.type), event.position > submitted {
                fork.count = fork.events.count
            } else if event.hasType(ForkCallSent.type), fork.count > 0,
                try includesCall(StreamName(category: Call.category, id: event.decode(ForkCallSent.self).call))
            {
                fork.count = fork.events.count
            }
            forks[event.stream] = fork
        }
        events = forks.values.flatMap { $0.events.prefix($0.count) }.sorted { $0.position < $1.position }
    }
}
