import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog
import Projections

/// Walks a log and derives every derived event again; nothing is written.
///
/// Pieces of the log are verified at once by several threads, which changes nothing in the report: each event depends on
/// recorded ones alone, and the pieces' reports are put together in their order. Memory is bounded by the piece, not by the
/// log.
package struct Verifier: Sendable {
    /// How many positions a thread takes at once.
    static let piece: UInt64 = 4096

    private let log: any Log
    private let catalogue: DerivationCatalogue
    private let isErased: @Sendable (Digest, Position) -> Bool

    /// `isErased` tells whether a blob that an event at a position may have named can't be there: it was erased on
    /// purpose, or is sealed with a key that isn't here.
    package init(
        log: any Log, derivations: DerivationCatalogue,
        isErased: @escaping @Sendable (Digest, Position) -> Bool = { _, _ in false }
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
        to end: Position? = nil, keeping limit: Int = 100, threads: Int = OrderedWork.cores,
        progress: (Position) -> Void = { _ in }
    ) throws -> VerificationReport {
        let size = try log.head().size
        var report = VerificationReport(position: min(end?.rawValue ?? size, size))
        let position = report.position
        try verifyPieces(of: position, keeping: limit, threads: threads) { part in
            report.add(part, keeping: limit)
            progress(Position(part.position))
        }
        return report
    }

    /// Hands every divergence to `found`, in order of position, and keeps none: the report has only counts.
    package func verify(
        to end: Position? = nil, threads: Int = OrderedWork.cores, progress: (Position) -> Void = { _ in },
        found: (Divergence) throws -> Void
    ) throws -> VerificationReport {
        let size = try log.head().size
        var report = VerificationReport(position: min(end?.rawValue ?? size, size))
        let position = report.position
        try verifyPieces(of: position, keeping: .max, threads: threads) { part in
            for divergence in part.divergences { try found(divergence) }
            report.add(part, keeping: 0)
            progress(Position(part.position))
        }
        return report
    }

    private func verifyPieces(
        of size: UInt64, keeping limit: Int, threads: Int, take: (VerificationReport) throws -> Void
    ) throws {
        let pieces = Int((size + Self.piece - 1) / Self.piece)
        try OrderedWork.run(pieces, threads: threads) { number in
            let first = UInt64(number) * Self.piece
            return try verify(first..<min(first + Self.piece, size), keeping: limit)
        } take: {
            try take($0)
        }
    }

    private func verify(_ range: Range<UInt64>, keeping limit: Int) throws -> VerificationReport {
        var report = VerificationReport(position: range.upperBound)
        let reader = CauseReader(log)
        try log.scan(from: Position(range.lowerBound), to: Position(range.upperBound), matching: .all) { event in
            guard let cause = try cause(of: event) else {
                guard catalogue.isDerived(event) else { return }
                let divergence = Divergence(at: event, function: nil, .noFunction)
                return report.take(.diverges(divergence), of: event.type, keeping: limit)
            }
            report.take(verdict(on: event, cause, reader), of: event.type, keeping: limit)
        }
        return report
    }

    /// The cause of an event that cites a function; nil for all others, nearly all of which are told by a glance.
    private func cause(of event: Event) throws -> Cause? {
        guard !event.withMetadata(Self.hasNoCause), let cause = try event.metadata().cause,
            cause.function != nil
        else { return nil }
        return cause
    }

    /// Whether metadata certainly has no cause: keys are in order, and the first one sorts behind it.
    private static func hasNoCause(_ metadata: RawSpan) -> Bool {
        metadata.withUnsafeBytes { bytes in
            bytes.count < 3 || bytes.elementsEqual("{}".utf8)
                || (bytes[1] == UInt8(ascii: "\"") && bytes[2] > UInt8(ascii: "c"))
        }
    }

    private func verdict(on event: Event, _ cause: Cause, _ reader: CauseReader) -> Verification.Verdict {
        var causes: [Event] = []
        causes.reserveCapacity(cause.positions.count)
        for position in cause.positions {
            do throws(LogError) {
                guard let cited = try reader.event(at: position, before: event.position) else {
                    let why = "the cause cites position \(position), which isn't an earlier event"
                    return .diverges(Divergence(at: event, function: cause.function, .notDerivable(why)))
                }
                causes.append(cited)
            } catch {
                return .diverges(Divergence(at: event, function: cause.function, .notDerivable("\(error)")))
            }
        }
        var lacksErased = false
        let verdict = Verification.check(
            event, citing: cause.function, cause: cause, causes: causes, catalogue: catalogue,
            blob: { (digest) throws(DerivationError) -> [UInt8] in
                if let bytes = try reader.derivationBlob(digest) { return bytes }
                lacksErased = isErased(digest, event.position)
                throw .missingBlob(digest)
            },
            event: { (position) throws(DerivationError) -> Event in
                try reader.listedEvent(at: position, before: event.position)
            })
        if lacksErased, case .diverges = verdict { return .erased }
        return verdict
    }
}

extension CauseReader {
    /// An event that a blob of the cause lists.
    fileprivate func listedEvent(at position: Position, before limit: Position) throws(DerivationError) -> Event {
        do throws(LogError) {
            if let event = try event(at: position, before: limit) { return event }
        } catch {
            throw .unreadable("\(error)")
        }
        throw .unexpectedCauses("a blob lists position \(position), which isn't an earlier event")
    }

    fileprivate func derivationBlob(_ digest: Digest) throws(DerivationError) -> [UInt8]? {
        do throws(LogError) {
            return try blob(digest)
        } catch {
            throw .unreadable("\(error)")
        }
    }
}
