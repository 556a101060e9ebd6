package import Determinism
package import EventLog

/// A named, versioned pure function that made an event from recorded causes, so that anyone can make it again.
///
/// Versions are kept as long as a log cites them.
package struct Derivation: Sendable {
    package let function: FunctionReference
    /// The types of the events it makes; each of them must cite a function in its cause.
    package let eventTypes: [EventType]
    /// The types of events that it makes too, and that others make without any function.
    package let sometimes: [EventType]
    /// The canonical data that the event should have.
    package let derive: @Sendable (DerivationInput) throws(DerivationError) -> [UInt8]

    package init(
        function: FunctionReference, eventTypes: [EventType], sometimes: [EventType] = [],
        derive: @escaping @Sendable (DerivationInput) throws(DerivationError) -> [UInt8]
    ) {
        self.function = function
        self.eventTypes = eventTypes
        self.sometimes = sometimes
        self.derive = derive
    }
}

/// What a derivation may look at: all of it recorded, and loaded before.
package struct DerivationInput {
    /// The event to be derived again; its observed fields (a response's status, a time) may be used.
    package let recorded: Event
    /// Its cause, where it was read already.
    package let cause: Cause?
    /// The events that the cause names, in its order.
    package let causes: [Event]
    /// The bytes of a blob.
    package let blob: (Digest) throws(DerivationError) -> [UInt8]
    /// The event at a position that a blob of the cause lists, where there are more inputs than a cause can name.
    ///
    /// Only events before the recorded one.
    package let event: (Position) throws(DerivationError) -> Event

    package init(
        recorded: Event, cause: Cause? = nil, causes: [Event],
        blob: @escaping (Digest) throws(DerivationError) -> [UInt8],
        event: @escaping (Position) throws(DerivationError) -> Event = { (position) throws(DerivationError) -> Event in
            throw .unreadable("the event at position \(position)")
        }
    ) {
        self.recorded = recorded
        self.cause = cause
        self.causes = causes
        self.blob = blob
        self.event = event
    }
}

/// Why an event can't be derived again.
package enum DerivationError: Error, Equatable, Sendable {
    /// The cause doesn't name the events that the function needs.
    case unexpectedCauses(String)
    /// A blob is erased or was never there.
    case missingBlob(Digest)
    /// From these causes the function makes an event of another type.
    case otherType(EventType)
    /// A cause, blob or the event itself can't be read.
    case unreadable(String)
}

extension DerivationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unexpectedCauses(let found): "the cause doesn't name what the function needs: \(found)"
        case .missingBlob(let digest): "the blob \(digest.hex) isn't in the store"
        case .otherType(let type): "from these causes the function makes \(type)"
        case .unreadable(let what): "can't be read: \(what)"
        }
    }
}
