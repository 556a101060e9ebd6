package import EventLog

/// The derivations that this program knows, by name and version.
package struct DerivationCatalogue: Sendable {
    private let derivations: [FunctionReference: Derivation]
    /// The types of events that are always derived: one without a function in its cause is an error.
    package let derivedTypes: Set<EventType>
    /// The same, in order.
    private let orderedTypes: [EventType]

    /// Two derivations with the same name and version are a programming error.
    package init(_ derivations: [Derivation]) {
        self.derivations = Dictionary(derivations.map { ($0.function, $0) }) { first, _ in
            preconditionFailure("the function \(first.function.name) v\(first.function.version) is declared twice")
        }
        derivedTypes = Set(derivations.flatMap(\.eventTypes))
        orderedTypes = derivedTypes.sorted()
    }

    /// The derivation of a name and version, or nil if this program doesn't have it.
    package subscript(function: FunctionReference) -> Derivation? { derivations[function] }

    /// Whether an event is of a type that is always derived; makes no string of it.
    package func isDerived(_ event: Event) -> Bool { orderedTypes.contains(where: event.hasType) }

    /// The types of events that are derived only where they cite a function: somebody may also have asked for them.
    package var sometimesDerivedTypes: Set<EventType> {
        Set(derivations.values.flatMap(\.sometimes)).subtracting(derivedTypes)
    }

    /// All, by name and version.
    package var all: [Derivation] {
        derivations.values.sorted { ($0.function.name, $0.function.version) < ($1.function.name, $1.function.version) }
    }

    /// The derivations of both; one declared in both is a programming error.
    package func merging(_ other: DerivationCatalogue) -> DerivationCatalogue {
        DerivationCatalogue(all + other.all)
    }
}
