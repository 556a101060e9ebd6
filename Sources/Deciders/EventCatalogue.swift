package import EventLog

/// Every type of event that this program can read.
///
/// What it doesn't know passes through: a log outlives the programs that wrote it.
package struct EventCatalogue: Sendable {
    private let payloads: [EventType: any EventPayload.Type]

    /// Two payloads of the same type are a programming error.
    package init(_ types: [any EventPayload.Type]) {
        payloads = Dictionary(types.map { ($0.type, $0) }) { first, second in
            precondition(first == second, "\(first) and \(second) both claim the event type \(first.type)")
            return first
        }
    }

    /// The known types, in order.
    package var types: [EventType] { payloads.keys.sorted() }

    /// The payload that this program writes for a type, or nil if it doesn't know the type.
    package subscript(type: EventType) -> (any EventPayload.Type)? { payloads[type] }

    /// The payload of an event; nil if its type is unknown or its version newer than this program's.
    package func decode(_ event: Event) throws(CatalogueError) -> (any EventPayload)? {
        guard let payload = payloads[event.type], event.version <= payload.version else { return nil }
        return try event.decode(payload)
    }

    /// The types of both; a type that two different payloads claim is a programming error.
    package func merging(_ other: EventCatalogue) -> EventCatalogue {
        EventCatalogue(types.compactMap { self[$0] } + other.types.compactMap { other[$0] })
    }
}
