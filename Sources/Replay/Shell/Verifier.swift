package import Deciders
package import Determinism
package import EventLog

/// Walks a log and derives every derived event again; nothing is written.
package struct Verifier {
    private let log: any Log
    private let catalogue: DerivationCatalogue
    private let isErased: (Digest, Position) -> Bool

    /// `isErased` tells whether a blob was erased on purpose that an event at a position may have named.
    package init(
        log: any Log, derivations: DerivationCatalogue,
        isErased: @escaping (Digest, Position) -> Bool = { _, _ in false }
    ) {
        self.log = log
        catalogue = derivations
        self.isErased = isErased
    }

    /// Verifies all events before `end`, or to the end of the log.
    ///
    /// Keeps at most `limit` divergences, so that a log which differs everywhere doesn't fill the memory; all are counted.
    /// `progress` hears the position now and then.
    package func verify(
        to end: Position? = nil, keeping limit: Int = 100, progress: (Position) -> Void = { _ in }
    ) throws -> VerificationReport {
        let size = try log.head().size
        var report = VerificationReport(position: min(end?.rawValue ?? size, size))
        try log.scan(from: .first, to: Position(report.position), matching: .all) { event in
            if event.position.rawValue % 4096 == 0 { progress(event.position) }
            report.take(try verdict(on: event), of: event.type, keeping: limit)
        }
        return report
    }

    private func verdict(on event: Event) throws -> Verification.Verdict {
        guard let cause = try event.metadata().cause, cause.function != nil else {
            return Verification.check(event, citing: nil, causes: [], catalogue: catalogue) { _ in [] }
        }
        var causes: [Event] = []
        for position in cause.positions {
            guard position < event.position, let cited = try log.event(at: position) else {
                let why = "the cause cites position \(position), which isn't an earlier event"
                return .diverges(Divergence(at: event, function: cause.function, .notDerivable(why)))
            }
            causes.append(cited)
        }
        var lacksErased = false
        let verdict = Verification.check(
            event, citing: cause.function, causes: causes, catalogue: catalogue,
            blob: { (digest) throws(DerivationError) -> [UInt8] in
                if let bytes = try blob(digest) { return bytes }
                lacksErased = isErased(digest, event.position)
                throw .missingBlob(digest)
            },
            event: { (position) throws(DerivationError) -> Event in try earlier(than: event.position, at: position) })
        if lacksErased, case .diverges = verdict { return .erased }
        return verdict
    }

    /// An event that a blob of the cause lists.
    private func earlier(than limit: Position, at position: Position) throws(DerivationError) -> Event {
        do throws(LogError) {
            if position < limit, let event = try log.event(at: position) { return event }
        } catch {
            throw .unreadable("\(error)")
        }
        throw .unexpectedCauses("a blob lists position \(position), which isn't an earlier event")
    }

    private func blob(_ digest: Digest) throws(DerivationError) -> [UInt8]? {
        do throws(LogError) {
            return try log.blob(digest)
        } catch {
            throw .unreadable("\(error)")
        }
    }
}
