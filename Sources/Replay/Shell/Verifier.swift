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
    private let absence: @Sendable (Digest, Position) -> BlobState

    /// `absence` tells why a blob can't be read that an event at a position names.
    package init(
        log: any Log, derivations: DerivationCatalogue,
        absence: @escaping @Sendable (Digest, Position) -> BlobState = { _, _ in .missing }
    ) {
        self.log = log
        catalogue = derivations
        self.absence = absence
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
            let recorded: Cause?
            do {
                recorded = try event.derivingCause()
            } catch {
                let why = "its metadata can't be read: \(error); `cairn audit verify` tells what was changed"
                let divergence = Divergence(at: event, function: nil, .notDerivable(why))
                return report.take(.diverges(divergence), of: event.type, keeping: limit)
            }
            guard let cause = recorded else {
                guard catalogue.isDerived(event) else { return }
                let divergence = Divergence(at: event, function: nil, .noFunction)
                return report.take(.diverges(divergence), of: event.type, keeping: limit)
            }
            report.take(verdict(on: event, cause, reader), of: event.type, keeping: limit)
        }
        return report
    }

    private func verdict(on event: Event, _ cause: Cause, _ reader: CauseReader) -> Verification.Verdict {
        var lacking: BlobState?
        let verdict = reader.verdict(on: event, cause, catalogue) { (digest) throws(DerivationError) -> [UInt8] in
            if let bytes = try reader.derivationBlob(digest) { return bytes }
            lacking = absence(digest, event.position)
            throw .missingBlob(digest)
        }
        guard case .diverges = verdict, let lacking else { return verdict }
        return switch lacking {
        case .erased: .erased
        case .sealed: .sealed
        case .present, .missing: verdict
        }
    }
}
