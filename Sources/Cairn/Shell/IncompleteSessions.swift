import Calls
import Deciders
import EventLog
import Jobs
import Replay

/// Which processes of a store that was made of a bundle can't be run again, since the bundle withholds what they did.
///
/// A bundle has all events of its run. Of a run whose answers it reused it has those that it cites, and of a fork, in
/// bundles that leave its own events out, not where it went on with a run otherwise than its parent's processes did.
struct IncompleteSessions {
    private struct Process {
        let session: RecordedSession
        let run: String?
        let begins: Bool
        /// Whether the place before its first event is withheld.
        let isBehindWithheld: Bool
        /// Whether a place behind one of its attempts is withheld: there a fork notes calls that it sends.
        var noted = false
    }

    /// In the order of their first events.
    let sessions: [ExecutionReport.Incomplete]

    /// None in a log without withheld places.
    init(in log: LMDBLog) throws {
        guard
            try !log.read(.forward, from: nil, matching: EventFilter(types: [LogWithheld.type]), limit: 1).events
                .isEmpty
        else {
            sessions = []
            return
        }
        var found = Gathered()
        try log.scan { try found.take($0) }
        sessions = found.sessions
    }

    /// What a scan of the log finds.
    private struct Gathered {
        private var processes: [Process] = []
        private var places: [String: Int] = [:]
        /// The run that the event at a position belongs to.
        private var runs: [String?] = []
        /// Runs that events of other runs cite: of them the bundle has what is cited.
        private var cited: Set<String> = []
        private var lastWithheld: Position?
        private var isWithheld = false
        private var isFirstWithheld = false
        private var knowsForks = false
        /// The process of the event before, if that begins an attempt of a call.
        private var attempting: Int?

        mutating func take(_ event: Event) throws {
            let metadata = try event.metadata()
            runs.append(metadata.run)
            defer { isWithheld = event.hasType(LogWithheld.type) }
            guard !event.hasType(LogWithheld.type) else {
                if event.position == .first { isFirstWithheld = true }
                if let attempting { processes[attempting].noted = true }
                attempting = nil
                lastWithheld = event.position
                return
            }
            if event.hasType(ForkCreated.type) { knowsForks = true }
            for position in metadata.cause?.positions ?? [] where position < event.position {
                guard let other = runs[Int(position.rawValue)], other != metadata.run else { continue }
                cited.insert(other)
            }
            attempting = nil
            guard let worker = metadata.worker else { return }
            let place = places[worker] ?? processes.count
            if place == processes.count {
                places[worker] = place
                processes.append(
                    Process(
                        session: RecordedSession(worker: worker, first: event.position, last: event.position),
                        run: metadata.run, begins: event.hasType(WorkerStarted.type), isBehindWithheld: isWithheld))
            }
            if event.hasType(CallStarted.type) { attempting = place }
        }

        var sessions: [ExecutionReport.Incomplete] {
            let resumed = resumptions
            return processes.filter { process in
                let first = process.session.first
                if !process.begins { return true }
                guard let run = process.run else { return false }
                if let lastWithheld, cited.contains(run), first < lastWithheld { return true }
                return resumed[run].map { first < $0 } ?? false
            }.map {
                ExecutionReport.Incomplete(worker: $0.session.worker, run: $0.run, position: $0.session.first)
            }
        }

        /// Where a fork whose own events are withheld went on with a run.
        private var resumptions: [String: Position] {
            guard isFirstWithheld, !knowsForks else { return [:] }
            var begun: Set<String> = []
            var resumed: [String: Position] = [:]
            for process in processes {
                guard let run = process.run, !begun.insert(run).inserted, let id = RunID(rawValue: run) else {
                    continue
                }
                let isFork =
                    process.session.worker == ForkResumption.worker(of: id).rawValue
                    || process.isBehindWithheld && process.noted
                if isFork { resumed[run] = process.session.first }
            }
            return resumed
        }
    }
}
