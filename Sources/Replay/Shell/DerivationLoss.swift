import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog

/// Which derived events could no longer be checked if some blobs were gone: what `replay verify` would say then.
package struct DerivationLoss {
    private let log: any Log
    private let catalogue: DerivationCatalogue

    package init(log: any Log, derivations: DerivationCatalogue) {
        self.log = log
        catalogue = derivations
    }

    /// How many events of each type are derived from one of `blobs`, in order of type; those before `end`.
    ///
    /// Only events that may need one are derived: those that name one (`named` answers which an event names), that cite an
    /// event which does, or that list what they were made of in a blob.
    package func count(
        without blobs: Set<Digest>, before end: Position, named: (Event) throws -> [Digest]
    ) throws -> [(type: EventType, events: Int)] {
        if blobs.isEmpty { return [] }
        var counts: [EventType: Int] = [:]
        var naming = [Bool](repeating: false, count: Int(end.rawValue))
        let reader = CauseReader(log)
        try log.scan(from: .first, to: end, matching: .all) { event in
            let names = try named(event).contains(where: blobs.contains)
            naming[Int(event.position.rawValue)] = names
            guard let cause = try event.derivingCause() else { return }
            let lists = cause.positions.isEmpty && !cause.blobs.isEmpty
            let cites = cause.positions.contains { $0 < event.position && naming[Int($0.rawValue)] }
            guard names || lists || cites else { return }
            if needs(blobs, event, cause, reader) { counts[event.type, default: 0] += 1 }
        }
        return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Whether an event can be derived now, and not without the blobs.
    private func needs(_ blobs: Set<Digest>, _ event: Event, _ cause: Cause, _ reader: CauseReader) -> Bool {
        var isNeeded = false
        var isWhole = true
        _ = reader.verdict(on: event, cause, catalogue) { (digest) throws(DerivationError) -> [UInt8] in
            if blobs.contains(digest) { isNeeded = true }
            if let bytes = try reader.derivationBlob(digest) { return bytes }
            isWhole = false
            throw .missingBlob(digest)
        }
        return isNeeded && isWhole
    }
}
