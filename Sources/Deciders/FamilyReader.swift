package import EventLog

/// Reads recorded events as the cases of a family.
///
/// The list of types is made once, and an event is matched against it without making a `String`.
package struct FamilyReader<Family: EventFamily>: Sendable {
    private let payloads: [(type: EventType, payload: any EventPayload.Type)]

    package init(_: Family.Type = Family.self) {
        payloads = Family.types.map { ($0.type, $0) }
    }

    /// The case of an event, or nil if its type isn't of this family.
    ///
    /// A newer version of a known type is an error: whoever skipped it would decide from half of the history.
    package func read(_ event: Event) throws(CatalogueError) -> Family? {
        for (type, payload) in payloads where event.hasType(type) {
            let decoded: any EventPayload = try event.decode(payload)
            guard let known = Family(decoded) else {
                preconditionFailure("\(Family.self) lists \(payload) in its types and has no case for it")
            }
            return known
        }
        return nil
    }
}
