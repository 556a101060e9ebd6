/// One thing that is wrong with an experiment file or its dataset, where it is, and what to do about it.
package struct ExperimentProblem: Error, Equatable, Sendable {
    /// From 1; nil when the problem is with the file as a whole.
    package let line: Int?
    /// From 1, in Unicode scalars; nil with `line`, and for rows of a dataset.
    package let column: Int?
    /// The field, as in `models[0].provider`; empty for the whole file.
    package let path: String
    /// What was found, and what would have been right.
    package let message: String
    /// What to do; nil when the message says it.
    package let remedy: String?

    package init(line: Int?, column: Int?, path: String, message: String, remedy: String? = nil) {
        self.line = line
        self.column = column
        self.path = path
        self.message = message
        self.remedy = remedy
    }
}

extension ExperimentProblem: CustomStringConvertible {
    /// One line: `12:5: models[0].provider: there is no provider “opnai”; did you mean “openai”?`.
    package var description: String {
        let place = [line, column].compactMap { $0.map(String.init) }.joined(separator: ":")
        let parts = [place, path, message].filter { !$0.isEmpty }
        return parts.joined(separator: ": ") + (remedy.map { "; " + $0 } ?? "")
    }
}

/// Everything that is wrong with an experiment file, in the order of its lines.
package struct ExperimentProblems: Error, Equatable, Sendable {
    package let problems: [ExperimentProblem]

    package init(_ problems: [ExperimentProblem]) { self.problems = problems }
}

extension ExperimentProblems: CustomStringConvertible {
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// The known word that somebody most likely meant.
package enum Suggestion {
    /// As in `did you mean “openai”?`, or the list of what there is when nothing is near.
    package static func remedy(for word: String, among known: [String]) -> String? {
        near(word, among: known) ?? (known.isEmpty ? nil : "known here: " + list(known))
    }

    private static let mostNames = 16

    private static func list(_ known: [String]) -> String {
        known.prefix(mostNames).joined(separator: ", ")
            + (known.count > mostNames ? " and \(known.count - mostNames) others" : "")
    }

    /// As in `did you mean “openai”?`; nil when nothing is near.
    package static func near(_ word: String, among known: [String]) -> String? {
        known.map { (word: $0, distance: distance(word, $0)) }
            .filter { $0.distance <= max(1, min(word.count, $0.word.count) / 3) }
            .min { ($0.distance, $0.word) < ($1.distance, $1.word) }
            .map { "did you mean “\($0.word)”?" }
    }

    /// The number of insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    static func distance(_ first: String, _ second: String) -> Int {
        let (a, b) = (Array(first.lowercased()), Array(second.lowercased()))
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
