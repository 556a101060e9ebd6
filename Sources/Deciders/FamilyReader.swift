package import EventLog

/// Reads recorded events as the cases of a family.
package struct FamilyReader<Family: EventFamily>: Sendable {
    package init(_: Family.Type = Family.self) {}

    /// The case of an event, or nil if its type isn't of this family.
    ///
    /// A newer version of a known type is an error: whoever skipped it would decide from half of the history.
    package func read(_ event: Event) throws(CatalogueError) -> Family? { try Family.read(event) }
}
