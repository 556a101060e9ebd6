package import CanonicalJSON
import Deciders
import Determinism
package import EventLog
package import Experiments
import Glibc
package import HTTPTransport
package import Jobs
package import Logging
import Projections
package import Providers
package import Replay

/// Makes a fork of a store: a store of its own, in which something was different.
package struct ForkService: Sendable {
    /// How calls are sent that the parent never made.
    package struct Live: Sendable {
        package let transport: any Transport
        package let key: @Sendable (String) -> APIKey?
        /// Told which calls failed, and which wait for whom and until when.
        package let logger: Logger

        package init(transport: any Transport, key: @escaping @Sendable (String) -> APIKey?, logger: Logger) {
            self.transport = transport
            self.key = key
            self.logger = logger
        }
    }

    /// What a fork came to.
    package struct Report: Equatable, Sendable {
        package let created: ForkCreated
        package let taken: ForkTaken
        /// Runs that nothing was to be changed of, and that ask themselves now for what they had reused and is left out.
        package let others: [RunID]
        /// Calls that were sent to a provider.
        package let liveCalls: Int
        package let head: TreeHead
        package let store: String
    }

    private let parent: Store

    package init(parent: Store) { self.parent = parent }

    /// The runs that a fork is about: the one that is named, or all there are.
    package func runs(_ beginning: String?) throws -> [RunID] {
        try Queries(parent).runIDs(Queries.Selection(run: beginning))
    }

    /// The definitions of runs; those whose blobs are gone are left out.
    package func definitions(of runs: [RunID]) throws -> [ExperimentDefinition] {
        let known = try Queries(parent).definitions(of: runs)
        return runs.compactMap { known[$0] }
    }

    /// Makes the fork of the parent as it is, in a directory that doesn't exist yet and that is there when it is whole.
    ///
    /// Without `live` a call that the parent can't answer is an error that names it, and nothing is made. A budget that the
    /// runs' models don't let anybody keep to is a `BudgetProblem`.
    /// `recording` hears what was made before it has its name.
    package func make(
        at path: String, with substitutions: [Substitution], of runs: [RunID], live: Live? = nil,
        recording: (Report) async throws -> Void = { _ in }
    ) async throws -> Report {
        let operation = "making a fork"
        guard access(path, F_OK) != 0 else {
            throw LogError(.invalid, during: operation, "\(path) exists already; name a directory that doesn't")
        }
        let target = try StoreTarget(path, operation: operation)
        let report = try await make(in: target.partial, .durable, with: substitutions, of: runs, live)
        try await recording(report)
        try target.finish()
        return report
    }

    /// Makes a fork that is looked at once, in a directory that doesn't outlast that: nothing waits for the disk.
    func makePassing(
        at path: String, with substitutions: [Substitution], of runs: [RunID], live: Live?
    ) async throws -> Report {
        try await make(in: path, .noSync, with: substitutions, of: runs, live)
    }

    private func make(
        in path: String, _ durability: LMDBLog.Options.Durability, with substitutions: [Substitution], of runs: [RunID],
        _ live: Live?
    ) async throws -> Report {
        let head = try parent.log.head()
        let log = try LMDBLog.open(at: path, .init(access: .create, durability: durability))
        defer { log.close() }
        return try await make(in: log, at: path, from: head, substitutions, runs, live)
    }

    private func make(
        in log: LMDBLog, at path: String, from head: TreeHead, _ substitutions: [Substitution], _ runs: [RunID],
        _ live: Live?
    ) async throws -> Report {
        let plan = try plan(head, substitutions, runs)
        let diary = ForkDiary(log: log, stream: plan.stream)
        try await diary.append(plan.created, at: plan.time)
        let taking = try ForkTaking(
            plan.runs, need: ForkNeed(parent: parent.log),
            writer: ForkWriter(
                parent: parent.log, fork: log, events: Catalogues.events, derivations: Catalogues.derivations))
        try await take(plan.created.position, taking)
        let taken = taking.taken
        try await diary.append(taken, at: plan.time)
        let open = taking.openRuns
        try await resume(open, in: log, at: path, plan.time, live, diary)
        return Report(
            created: plan.created, taken: taken, others: open.filter { !$0.isNamed }.map(\.id),
            liveCalls: await diary.liveCalls, head: try log.head(), store: log.manifest.id)
    }

    /// What is known of a fork before anything is taken over.
    private struct Plan {
        let created: ForkCreated
        let stream: StreamName
        let runs: [ForkedRun]
        /// Of the parent's last event: the fork's own events carry it.
        let time: Timestamp
    }

    private func plan(_ head: TreeHead, _ substitutions: [Substitution], _ runs: [RunID]) throws -> Plan {
        let queries = try Queries(parent)
        var forked = try runs.map { run in try ForkedRun(run, try queries.definition(of: run), substitutions) }
        try Substitution.checkBudget(substitutions, of: forked.map(\.recorded))
        let named = Set(runs)
        let others = try queries.runIDs(Queries.Selection()).filter { !named.contains($0) }
        let known = try queries.definitions(of: others)
        for run in others {
            if let definition = known[run] { forked.append(try ForkedRun(run, definition, nil)) }
        }
        let created = ForkCreated(
            changes: substitutions.map(\.change), head: head.root, parent: parent.log.manifest.id,
            position: Position(head.size), runs: runs.map(\.rawValue))
        let stream = try StreamName(
            category: ForkEvent.category,
            id: StableID.make(kind: "fork", parts: [String(decoding: created.canonicalBytes(), as: UTF8.self)]))
        let last = head.size == 0 ? nil : try parent.log.event(at: Position(head.size - 1))
        return Plan(
            created: created, stream: stream, runs: forked, time: last?.time ?? Timestamp(microseconds: 0))
    }

    /// Walks through the parent up to its head at the time of asking.
    private func take(_ end: Position, _ taking: ForkTaking) async throws {
        var from: Position? = .first
        while let start = from, start < end {
            from = try taking.takePage(from: start, to: end)
            if taking.isFull { try await taking.writer.flush() }
        }
        try await taking.writer.flush()
    }

    private func resume(
        _ runs: [OpenRun], in log: LMDBLog, at path: String, _ time: Timestamp, _ live: Live?, _ diary: ForkDiary
    ) async throws {
        if runs.isEmpty { return }
        let resumption = try ForkResumption(
            parent: parent.log, log: log, path: path, clock: VirtualClock(time), live: live, diary: diary)
        for run in runs { try await resumption.resume(run) }
    }
}

/// A run that the pipeline has to go on with.
struct OpenRun: Sendable {
    let id: RunID
    let isNamed: Bool
    let definition: ExperimentDefinition
}

/// Takes a parent's events over, page by page.
final class ForkTaking {
    private static let mostWaiting = 2_000

    let writer: ForkWriter
    private let need: ForkNeed
    private var rules: ForkRules

    init(_ runs: [ForkedRun], need: ForkNeed, writer: ForkWriter) {
        self.writer = writer
        self.need = need
        rules = ForkRules(runs, writer: writer)
    }

    var isFull: Bool { writer.waiting >= Self.mostWaiting }

    /// Answers where the next page begins; nil after the last.
    func takePage(from start: Position, to end: Position) throws -> Position? {
        let page = try writer.parent.read(
            .forward, from: start, matching: EventFilter(positions: start..<end), limit: Self.mostWaiting)
        for event in page.events {
            do {
                try rules.take(event)
            } catch DerivationError.missingBlob(let digest) {
                throw try need.explanation(of: digest, neededBy: event)
            }
        }
        return page.next
    }

    var taken: ForkTaken {
        ForkTaken(changed: writer.changed, leftOut: writer.leftOut, open: rules.openJobs, taken: writer.taken)
    }

    /// In the order in which they were submitted: what one asks, the next ones may reuse, as they did.
    var openRuns: [OpenRun] {
        rules.runs.values.filter { $0.isOpen || $0.jobs.values.contains { !$0.isFollowed } }
            .sorted { ($0.submitted ?? .first, $0.id) < ($1.submitted ?? .first, $1.id) }
            .map { OpenRun(id: $0.id, isNamed: $0.isNamed, definition: $0.definition) }
    }
}

/// Writes the fork's own stream.
actor ForkDiary {
    private let log: any Log
    let stream: StreamName
    private var next: Revision?
    private(set) var liveCalls = 0

    init(log: any Log, stream: StreamName) {
        self.log = log
        self.stream = stream
    }

    func append(_ payload: some EventPayload, at time: Timestamp) async throws {
        let event = NewEvent(
            type: type(of: payload).type, version: payload.writtenVersion, time: time, data: payload.canonicalBytes())
        let appended = try await log.append(
            Commit(stream: stream, expected: next.map { .exact($0) } ?? .noStream, events: [event]))
        next = appended.lastRevision
        if payload is ForkCallSent { liveCalls += 1 }
    }
}

extension ForkService.Report: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("events", head.size)
        writer.field("head", head.root.hex)
        writer.field("liveCalls", liveCalls)
        if !others.isEmpty { writer.field("others", others) }
        writer.field("store", store)
        writer.field("taken", taken)
        writer.endObject()
    }
}
