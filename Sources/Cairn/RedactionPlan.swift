import Audit
package import CanonicalJSON
import Deciders
package import Determinism
package import EventLog
import Jobs

/// What erasing a target would take away, and what it can't.
package struct RedactionPlan: Equatable, Sendable {
    /// A blob that events outside of the target name, too.
    package struct Shared: Equatable, Sendable {
        package let digest: Digest
        /// Who else, as in `run 4f…` or `job 01k…`; at most three.
        package let others: [String]
        /// How many events of others name it.
        package let events: Int
        package let role: SharedRole
    }

    /// How many events of a type hold words of people or models, which stay: the log is never rewritten.
    package struct Remainder: Equatable, Sendable {
        package let type: EventType
        package let events: Int
        /// What in them it is.
        package let what: String
    }

    /// With its whole id.
    package let target: RedactionTarget
    /// The blobs to erase, in order.
    package let blobs: [Digest]
    /// Those that stay, since others name them and nobody asked to erase them all the same.
    package let kept: [Shared]
    /// Those of `blobs` that others name, too.
    package let taken: [Shared]
    /// Jobs that are in it since they were given the answers of others in it.
    package let dependents: Int
    package let remainder: [Remainder]
    /// Of a blob that was named by its hash: what it is to those who name it.
    package let uses: [RedactionUse]
    /// What can't be done any more without `blobs`.
    package let loss: RedactionLoss
    /// The log that was looked at.
    package let head: TreeHead

    /// How many of `blobs` others name, too.
    package var shared: Int { taken.count }
    /// Those of `blobs` that the work of others rests on: without them it can't be done, checked or executed again.
    package var farReaching: [Shared] { taken.filter { $0.role != .text } }

    /// Events whose data holds words that no redaction reaches.
    static let wordy: [(type: EventType, what: String)] = [
        (EventType("job.submitted"), "labels, tags, inputs of queue jobs"), (EventType("job.completed"), "results"),
        (EventType("job.failed"), "messages"), (EventType("job.crashed"), "messages"),
        (EventType("job.progressed"), "messages"), (EventType("job.deferred"), "reasons"),
        (EventType("job.resultLate"), "results"), (EventType("job.cancelled"), "notes"),
        (EventType("llm.callFailed"), "what the provider said of the error"),
        (EventType("score.refused"), "reasons"), (EventType("score.computed"), "labels"),
    ]
}

extension RedactionPlan {
    /// Looks through the log three times: for what belongs to the target, for who else names it, and for what rests on it.
    static func make(
        of target: RedactionTarget, sharedToo: Bool, in log: LMDBLog, events: EventCatalogue,
        derivations: DerivationCatalogue
    ) throws -> RedactionPlan {
        let head = try log.head()
        let end = Position(head.size)
        let (target, scope) = try RedactionScope.resolve(target, in: log)
        var wanted: Set<Digest> = []
        var counts = [Int](repeating: 0, count: wordy.count)
        var uses: RedactionUses?
        if target.kind == .blob, let digest = Digest(hex: target.name) {
            wanted = [digest]
            uses = RedactionUses(of: digest)
        }
        if target.kind != .blob {
            wanted = scope.definitions
            try log.scan(from: .first, to: end, matching: .all) { event in
                guard try scope.includes(event) else { return }
                wanted.formUnion(try events.blobs(namedBy: event))
                if let place = wordy.firstIndex(where: { event.hasType($0.type) }) { counts[place] += 1 }
            }
        }
        var others: [Digest: SharedUse] = [:]
        try log.scan(from: .first, to: end, matching: .all) { event in
            let named = try events.blobs(namedBy: event).filter(wanted.contains)
            try uses?.add(event, isNaming: !named.isEmpty, owner: Self.owner)
            if try named.isEmpty || scope.includes(event) { return }
            for digest in Set(named) {
                try others[digest, default: SharedUse()].add(event, naming: digest, owner: Self.owner(of: event))
            }
        }
        if target.kind == .blob {
            guard try !others.isEmpty || !log.present(of: wanted).isEmpty else {
                throw RedactionProblem.unknown(target)
            }
            // It was named by its hash: whoever names it loses it, and that was meant.
            others = [:]
        }
        let present = try log.present(of: wanted).sorted()
        let shared = present.compactMap { digest in others[digest]?.summary(of: digest) }
        let blobs = present.filter { sharedToo || others[$0] == nil }
        return RedactionPlan(
            target: target, blobs: blobs,
            kept: sharedToo ? [] : shared, taken: sharedToo ? shared : [],
            dependents: scope.dependents,
            remainder: zip(wordy, counts).filter { $0.1 > 0 }
                .map { Remainder(type: $0.0.type, events: $0.1, what: $0.0.what) },
            uses: blobs.isEmpty ? [] : uses?.summary ?? [],
            loss: try RedactionLoss.make(
                of: Set(blobs), in: log, before: end, events: events, derivations: derivations),
            head: head)
    }

    private static func owner(of event: Event) throws -> String {
        let metadata = try event.metadata()
        if let job = metadata.job { return "job \(job)" }
        if let run = metadata.run { return "run \(run)" }
        return "\(event.stream)"
    }
}

extension RedactionPlan.Shared: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("blob", digest)
        writer.field("events", events)
        writer.field("others", others)
        writer.field("role", role)
        writer.endObject()
    }
}

extension RedactionPlan.Remainder: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("events", events)
        writer.field("type", type)
        writer.field("what", what)
        writer.endObject()
    }
}
