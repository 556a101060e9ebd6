/// The projectors that a program knows, by name.
package struct ProjectorCatalogue: Sendable {
    private let projectors: [String: any Projector.Type]

    /// Two projectors with one name are a programming error.
    package init(_ projectors: [any Projector.Type]) {
        self.projectors = Dictionary(projectors.map { ($0.name, $0) }) { first, second in
            precondition(first == second, "\(first) and \(second) both have the name \(first.name)")
            return first
        }
    }

    /// The names, in order.
    package var names: [String] { projectors.keys.sorted() }

    /// All projectors, by name.
    package var all: [any Projector.Type] { names.compactMap { projectors[$0] } }

    /// The projector of a name; an unknown one is an error that lists those there are.
    package func projector(_ name: String) throws(ViewError) -> any Projector.Type {
        guard let projector = projectors[name] else {
            throw ViewError(.unknownName, of: name, "there is none; there are \(names.joined(separator: ", "))")
        }
        return projector
    }

    /// The projectors of both; one name with two projectors is a programming error.
    package func merging(_ other: ProjectorCatalogue) -> ProjectorCatalogue {
        ProjectorCatalogue(all + other.all)
    }
}
