import Deciders
import Determinism
import EventLog

extension Event {
    /// The cause of an event that cites a function; nil for all others, nearly all of which are told by a glance.
    func derivingCause() throws -> Cause? {
        guard !withMetadata(Self.hasNoCause), let cause = try metadata().cause, cause.function != nil else {
            return nil
        }
        return cause
    }

    /// Whether metadata certainly has no cause: keys are in order, and the first one sorts behind it.
    private static func hasNoCause(_ metadata: RawSpan) -> Bool {
        metadata.withUnsafeBytes { bytes in
            bytes.count < 3 || bytes.elementsEqual("{}".utf8)
                || (bytes[1] == UInt8(ascii: "\"") && bytes[2] > UInt8(ascii: "c"))
        }
    }
}

extension CauseReader {
    /// Derives an event again from its cause, with blobs as `blob` answers.
    func verdict(
        on event: Event, _ cause: Cause, _ catalogue: DerivationCatalogue,
        blob: (Digest) throws(DerivationError) -> [UInt8]
    ) -> Verification.Verdict {
        var causes: [Event] = []
        causes.reserveCapacity(cause.positions.count)
        for position in cause.positions {
            do throws(LogError) {
                guard let cited = try self.event(at: position, before: event.position) else {
                    let why = "the cause cites position \(position), which isn't an earlier event"
                    return .diverges(Divergence(at: event, function: cause.function, .notDerivable(why)))
                }
                causes.append(cited)
            } catch {
                return .diverges(Divergence(at: event, function: cause.function, .notDerivable("\(error)")))
            }
        }
        return Verification.check(
            event, citing: cause.function, cause: cause, causes: causes, catalogue: catalogue, blob: blob,
            event: { (position) throws(DerivationError) -> Event in
                try self.listedEvent(at: position, before: event.position)
            })
    }

    /// A blob that a derivation takes; nil if it can't be had.
    func derivationBlob(_ digest: Digest) throws(DerivationError) -> [UInt8]? {
        do throws(LogError) {
            return try blob(digest)
        } catch {
            throw .unreadable("\(error)")
        }
    }

    /// An event that a blob of the cause lists.
    private func listedEvent(at position: Position, before limit: Position) throws(DerivationError) -> Event {
        do throws(LogError) {
            if let event = try event(at: position, before: limit) { return event }
        } catch {
            throw .unreadable("\(error)")
        }
        throw .unexpectedCauses("a blob lists position \(position), which isn't an earlier event")
    }
}
