import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog

/// Derives one event again from what it cites and compares: the pure heart of `replay verify`.
package enum Verification {
    /// What checking one event came to.
    package enum Verdict: Equatable, Sendable {
        /// The event is an observation or a decision of its own; nothing to derive.
        case notDerived
        /// The code makes the same data from the same causes.
        case same
        /// It can't be derived any more: a blob that it takes was erased on purpose.
        case erased
        /// It can't be derived here: a blob that it takes is sealed with a key that isn't here.
        case sealed
        case diverges(Divergence)
    }

    /// Compares the recorded data with what the cited function makes of the recorded causes.
    ///
    /// `cause` is the event's, where it was read already; `causes` are the events that it names, in its order; `blob` and
    /// `listed` answer from the store.
    package static func check(
        _ event: Event, citing function: FunctionReference?, cause: Cause? = nil, causes: [Event],
        catalogue: DerivationCatalogue,
        blob: (Digest) throws(DerivationError) -> [UInt8],
        event listed: (Position) throws(DerivationError) -> Event = { (position) throws(DerivationError) -> Event in
            throw .unreadable("the event at position \(position)")
        }
    ) -> Verdict {
        guard let function else {
            guard catalogue.derivedTypes.contains(event.type) else { return .notDerived }
            return .diverges(Divergence(at: event, function: nil, .noFunction))
        }
        guard let derivation = catalogue[function] else {
            return .diverges(Divergence(at: event, function: function, .unknownFunction))
        }
        let expected: [UInt8]
        do throws(DerivationError) {
            expected = try withoutActuallyEscaping(blob) { (blob) throws(DerivationError) -> [UInt8] in
                try withoutActuallyEscaping(listed) { (listed) throws(DerivationError) -> [UInt8] in
                    try derivation.derive(
                        DerivationInput(
                            recorded: event, cause: cause, causes: causes, blob: blob, event: listed))
                }
            }
        } catch {
            return .diverges(Divergence(at: event, function: function, .notDerivable("\(error)")))
        }
        let recorded = event.dataBytes
        if expected == recorded { return .same }
        return .diverges(Divergence(at: event, function: function, .fields(differences(recorded, expected))))
    }

    /// The fields in which two canonical documents differ.
    package static func differences(_ recorded: [UInt8], _ derived: [UInt8]) -> [FieldDifference] {
        let left = (try? JSONParser.parse(recorded)) ?? .string("unreadable")
        let right = (try? JSONParser.parse(derived)) ?? .string("unreadable")
        return FieldDifference.between(recorded: left, derived: right)
    }
}
