import CanonicalJSON
package import Determinism
package import EventLog

/// The loop around a decider: load → decide → append, and again when somebody else was faster.
///
/// Every event that a program appends comes through here. Holds no state, so one serves any number of tasks.
package struct CommandHandler<D: Decider>: Sendable {
    /// How often a command is decided again because the stream grew meanwhile.
    package static var mostAttempts: Int { 64 }
    private static var pageSize: Int { 512 }

    let log: any Log
    let effects: Effects
    let worker: String?
    private let reader = FamilyReader<D.Event>()

    package init(log: any Log, effects: Effects, worker: String?) {
        self.log = log
        self.effects = effects
        self.worker = worker
    }

    /// The state of a stream as of now.
    package func load(_ id: String) throws(CommandError<D.Refusal>) -> Loaded<D> {
        try load(stream(of: id))
    }

    /// Decides a command that needs no time.
    ///
    /// Time is asked for only when there is something to record, so a repeated command asks nothing of the outside.
    @discardableResult
    package func handle(
        _ id: String, run: String? = nil, job: String? = nil, blobs: [Blob] = [],
        cause: @Sendable (D.Event) -> Cause? = { _ in nil }, from loaded: Loaded<D>? = nil, _ command: D.Command
    ) async throws(CommandError<D.Refusal>) -> Handled<D> {
        let header = EventHeader(run: run, job: job, worker: worker)
        return try await attempt(id, loaded) { (state, place) throws(CommandError<D.Refusal>) in
            let events = try decide(command, state)
            let time = events.isEmpty ? nil : try await now(at: place)
            return try proposal(events, at: time, header, cause, blobs)
        }
    }

    /// Decides a command made from the time at which its events will be recorded.
    ///
    /// `loaded` is the state that the caller holds already, from its last `handle`; nil reads the stream. A refusal, or
    /// that there is nothing to do, is judged by the held state; what is appended never is, as a stale state conflicts.
    ///
    /// A command whose effect is already true asks for no time, since there is no event to carry it: a replay has no
    /// record to answer from. So no events may never depend on the time; what isn't due yet is a refusal.
    @discardableResult
    package func handle(
        _ id: String, run: String? = nil, job: String? = nil, blobs: [Blob] = [],
        cause: @Sendable (D.Event) -> Cause? = { _ in nil }, from loaded: Loaded<D>? = nil,
        _ command: @Sendable (Timestamp) -> D.Command
    ) async throws(CommandError<D.Refusal>) -> Handled<D> {
        let header = EventHeader(run: run, job: job, worker: worker)
        return try await attempt(id, loaded) { (state, place) throws(CommandError<D.Refusal>) in
            if isTrueAlready(command, state) { return try proposal([], at: nil, header, cause, blobs) }
            let time = try await now(at: place)
            return try proposal(decide(command(time), state), at: time, header, cause, blobs)
        }
    }
}

/// What is the same for all events of a command.
struct EventHeader {
    let run: String?
    let job: String?
    let worker: String?
}

/// Events decided upon, ready to be appended.
struct Proposal<D: Decider> {
    let events: [D.Event]
    let time: Timestamp?
    let recorded: [NewEvent]
    let blobs: [Blob]

    /// What is appended for it.
    func commit(to stream: StreamName, after loaded: Loaded<D>) -> Commit {
        Commit(
            stream: stream, expected: loaded.revision.map(ExpectedRevision.exact) ?? .noStream, events: recorded,
            blobs: blobs)
    }
}

extension CommandHandler {
    private func attempt(
        _ id: String, _ held: Loaded<D>?,
        _ propose: (D.State, Place) async throws(CommandError<D.Refusal>) -> Proposal<D>
    ) async throws(CommandError<D.Refusal>) -> Handled<D> {
        let stream = try stream(of: id)
        var loaded = if let held { held } else { try load(stream) }
        for _ in 0..<Self.mostAttempts {
            let proposal = try await propose(loaded.state, Place(stream: stream, revision: loaded.nextRevision))
            guard !proposal.events.isEmpty else { return Handled(unchanged: loaded, time: proposal.time) }
            do {
                let commit = proposal.commit(to: stream, after: loaded)
                return Handled(loaded, proposal.events, try await log.append(commit), time: proposal.time)
            } catch {
                guard case .conflict = error.code else { throw .log(error) }
                loaded = try load(stream)
            }
        }
        throw .contended(stream, attempts: Self.mostAttempts)
    }

    @inline(__always)
    func proposal(
        _ events: [D.Event], at time: Timestamp?, _ header: EventHeader, _ cause: (D.Event) -> Cause?, _ blobs: [Blob]
    ) throws(CommandError<D.Refusal>) -> Proposal<D> {
        guard let time else { return Proposal(events: [], time: nil, recorded: [], blobs: []) }
        let recorded = events.map { event in
            let payload = event.payload
            let metadata = EventMetadata(cause: cause(event), job: header.job, run: header.run, worker: header.worker)
            return NewEvent(
                type: type(of: payload).type, version: payload.writtenVersion, time: time,
                data: payload.canonicalBytes(), metadata: metadata.canonicalBytes())
        }
        return Proposal(events: events, time: time, recorded: recorded, blobs: blobs)
    }

    @inline(__always)
    func isTrueAlready(_ command: (Timestamp) -> D.Command, _ state: D.State) -> Bool {
        do throws(D.Refusal) {
            return try D.decide(command(Timestamp(microseconds: 0)), state).isEmpty
        } catch {
            return false
        }
    }

    @inline(__always)
    func decide(_ command: D.Command, _ state: D.State) throws(CommandError<D.Refusal>) -> [D.Event] {
        do throws(D.Refusal) {
            return try D.decide(command, state)
        } catch {
            throw .refused(error)
        }
    }

    private func now(at place: Place) async throws(CommandError<D.Refusal>) -> Timestamp {
        do {
            return try await effects.time(place)
        } catch {
            throw .effect(error)
        }
    }

    func stream(of id: String) throws(CommandError<D.Refusal>) -> StreamName {
        do throws(LogError) {
            return try StreamName(category: D.category, id: id)
        } catch {
            throw .log(error)
        }
    }

    func load(_ stream: StreamName) throws(CommandError<D.Refusal>) -> Loaded<D> {
        var loaded = Loaded<D>.empty
        while true {
            let page = try page(of: stream, from: loaded.nextRevision)
            for event in page { try extend(&loaded, with: event) }
            if page.count < Self.pageSize { return loaded }
        }
    }

    private func page(
        of stream: StreamName, from revision: UInt64
    ) throws(CommandError<D.Refusal>) -> [EventLog.Event] {
        do throws(LogError) {
            return try log.readStream(stream, .forward, from: Revision(revision), limit: Self.pageSize)
        } catch {
            throw .log(error)
        }
    }

    private func extend(_ loaded: inout Loaded<D>, with event: EventLog.Event) throws(CommandError<D.Refusal>) {
        do throws(CatalogueError) {
            let known = try reader.read(event)
            loaded = Loaded(
                state: known.map { D.evolve(loaded.state, $0) } ?? loaded.state,
                revision: event.revision, lastPosition: event.position)
        } catch {
            throw .unreadable(error)
        }
    }
}
