package import CanonicalJSON

/// Says what is wrong with the value of `simulation`; nil if nothing is.
package typealias SimulationCheck = @Sendable (JSONValue) -> SimulationProblem?

/// What is wrong with the value of `simulation`, by the one who reads it.
package struct SimulationProblem: Equatable, Sendable {
    /// The field, as in `simulation.faults[0].kind`.
    package let path: String
    /// What was found, and what would have been right.
    package let message: String
    /// What was written where only some words may stand; nil where anything else is wrong.
    package let word: String?
    /// Those words.
    package let known: [String]

    package init(path: String, message: String, word: String? = nil, known: [String] = []) {
        self.path = path
        self.message = message
        self.word = word
        self.known = known
    }
}

extension YAMLReader {
    /// The value of `simulation` as JSON; what is wrong with it is noted at its place.
    mutating func simulation(_ value: YAMLValue, check: SimulationCheck) -> JSONValue? {
        guard let json = json(value) else { return nil }
        guard let problem = check(json) else { return json }
        let mark = value.mark(of: problem.path.split(whereSeparator: { ".[".contains($0) }).dropFirst())
        note(
            problem.message, line: mark?.line, column: mark?.column, path: problem.path,
            remedy: problem.word.flatMap { Suggestion.near($0, among: problem.known) })
        return nil
    }
}
