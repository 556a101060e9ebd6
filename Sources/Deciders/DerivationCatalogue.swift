package import EventLog

/// The derivations that this program knows, by name and version.
package struct DerivationCatalogue: Sendable {
    private let derivations: [FunctionReference: Derivation]
    /// The types of events that are always derived: one without a function in its cause is an error.
    package let derivedTypes: Set<EventType>

    /// Two derivations with the same name and version are a programming error.
    package init(_ derivations: [Derivation]) {
        self.derivations = Dictionary(derivations.map { ($0.function, $0) }) { first, _ in
            preconditionFailure("the function \(first.function.name) v\(first.function.version) is declared twice")
        }
        derivedTypes = Set(derivations.flatMap(\.eventTypes))
    }

    /// The derivation of a name and version, or nil if this program doesn't have it.
    package subscript(function: FunctionReference) -> Derivation? { derivations[function] }

    /// All, by name and version.
    package var all: [Derivation] {
        derivations.values.sorted { ($0.function.name, $0.function.version) < ($1.function.name, $1.function.version) }
    }

    /// The derivations of both; one declared in both is a programming error.
    package func merging(_ other: DerivationCatalogue) -> DerivationCatalogue {
        DerivationCatalogue(all + other.all)
    }
}
