import Audit
package import CanonicalJSON
import Deciders
import Determinism
package import EventLog
import Experiments
import Jobs
import Replay

/// What a blob that somebody wants erased by its hash is to those who name it.
package struct RedactionUse: Equatable, Sendable {
    package let role: SharedRole
    /// Who names it, as in `run 4f…` or `job 01k…`; at most three.
    package let others: [String]
    /// How many events name it.
    package let events: Int
    /// Of a definition: how many jobs its runs have.
    package let jobs: Int?

    /// What it is, who names it, and what they lose, in a line.
    package var warning: String {
        let work = jobs.map { ", with \(counted($0, "job"))" } ?? ""
        return role.warning(of: others, work, events: events)
    }
}

/// Gathers the uses of one blob, event by event.
struct RedactionUses {
    private let digest: Digest
    private var uses: [SharedRole: SharedUse] = [:]
    private var runs: Set<String> = []
    private var jobs = 0

    init(of digest: Digest) { self.digest = digest }

    mutating func add(_ event: Event, isNaming: Bool, owner: (Event) throws -> String) throws {
        if isNaming {
            let role = try SharedUse.role(of: digest, in: event)
            if role == .definition { runs.insert(event.stream.id) }
            try uses[role, default: SharedUse()].add(event, naming: digest, owner: owner(event))
        }
        if !runs.isEmpty, event.hasType(JobSubmitted.type), let run = try event.metadata().run, runs.contains(run) {
            jobs += 1
        }
    }

    /// The gravest first.
    var summary: [RedactionUse] {
        [SharedRole.definition, .rubric, .input, .text].compactMap { role in
            uses[role].map { use in
                let shared = use.summary(of: digest)
                return RedactionUse(
                    role: role, others: shared.others, events: shared.events, jobs: role == .definition ? jobs : nil)
            }
        }
    }
}

/// What can't be done any more once some blobs are erased.
package struct RedactionLoss: Equatable, Sendable {
    /// How many events of one type can't be derived again, and so not be checked.
    package struct Underivable: Equatable, Sendable {
        package let type: EventType
        package let events: Int
    }

    /// Runs that can't be executed again, in order.
    package let runs: [String]
    /// What `replay verify` can't check any more, in order of type.
    package let derived: [Underivable]

    /// Looks through the log once.
    static func make(
        of blobs: Set<Digest>, in log: LMDBLog, before end: Position, events: EventCatalogue,
        derivations: DerivationCatalogue
    ) throws -> RedactionLoss {
        var runs: Set<String> = []
        let counts = try DerivationLoss(log: log, derivations: derivations).count(without: blobs, before: end) {
            event in
            let named = try events.blobs(namedBy: event)
            if named.contains(where: blobs.contains), let run = try event.metadata().run { runs.insert(run) }
            return named
        }
        return RedactionLoss(
            runs: runs.sorted(), derived: counts.map { Underivable(type: $0.type, events: $0.events) })
    }
}

extension RedactionUse: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("events", events)
        writer.optionalField("jobs", jobs)
        writer.field("others", others)
        writer.field("role", role)
        writer.endObject()
    }
}

extension RedactionLoss: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("derived") { writer in
            writer.beginObject()
            for entry in derived { writer.field(dynamic: entry.type.text, entry.events) }
            writer.endObject()
        }
        writer.field("runs", runs)
        writer.endObject()
    }
}
