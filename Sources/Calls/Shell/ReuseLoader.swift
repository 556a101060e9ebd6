import Deciders
package import EventLog
package import Jobs

extension ReuseIndex {
    /// Reads from the log what may be reused in a run; nil when nothing may.
    package static func load(from log: any Log, for run: RunID, _ policy: ReusePolicy) throws -> ReuseIndex? {
        guard policy != .never else { return nil }
        var loader = ReuseLoader(run: run, isForOneRun: policy == .sameRun)
        try log.scan(from: .first, to: nil, matching: EventFilter(types: ReuseLoader.types)) { try loader.take($0) }
        return loader.index
    }
}

/// The fold behind it.
private struct ReuseLoader {
    static let types = [JobSubmitted.type, CallStarted.type, CallCompleted.type, CallReused.type]

    let run: RunID
    let isForOneRun: Bool
    private(set) var index = ReuseIndex()
    private var scopes: [JobID: ReuseIndex.Scope] = [:]
    private var asked: [String: (fingerprint: ReuseIndex.Fingerprint, job: JobID)] = [:]

    init(run: RunID, isForOneRun: Bool) {
        self.run = run
        self.isForOneRun = isForOneRun
    }

    mutating func take(_ event: EventLog.Event) throws {
        let isOwn = try event.metadata().run == run.rawValue
        guard isOwn || !isForOneRun else { return }
        if event.hasType(JobSubmitted.type) {
            guard isOwn, let job = JobID(rawValue: event.stream.id) else { return }
            scopes[job] = ReuseIndex.Scope(labels: try event.decode(JobSubmitted.self).labels)
        } else if event.hasType(CallStarted.type) {
            let started = try event.decode(CallStarted.self)
            asked[event.stream.id] = (ReuseIndex.Fingerprint(started), started.job)
        } else if event.hasType(CallCompleted.type) {
            guard let (fingerprint, job) = asked.removeValue(forKey: event.stream.id) else { return }
            let body = try event.decode(CallCompleted.self).exchange.body
            index.add(fingerprint, at: event.position, body: body, usedIn: isOwn ? scopes[job] : nil)
        } else if isOwn {
            let reused = try event.decode(CallReused.self)
            if let scope = scopes[reused.job] { index.use(reused.position, in: scope) }
        }
    }
}

extension ReuseIndex.Fingerprint {
    init(_ started: CallStarted) {
        self.init(
            adapter: started.adapter, endpoint: started.endpoint, model: started.model, request: started.request)
    }

    init(_ ticket: CallTicket) {
        self.init(adapter: ticket.adapter, endpoint: ticket.endpoint, model: ticket.model, request: ticket.request)
    }
}
