/// What is wrong with a job of a submission.
package struct SubmissionProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// Its place in the submission, from 0.
    package let index: Int
    package let name: String?
    /// The field at fault, as in a job file.
    package let field: String
    package let message: String
    package let remedy: String

    package init(_ index: Int, name: String? = nil, field: String, _ message: String, remedy: String) {
        self.index = index
        self.name = name
        self.field = field
        self.message = message
        self.remedy = remedy
    }

    /// One line: `job 3 “summary”: after: …; …`.
    package var description: String {
        "job \(index + 1)" + (name.map { " “\($0)”" } ?? "") + ": \(field): \(message); \(remedy)"
    }
}

/// What is wrong with a submission, as much as can be said at once: at least one problem.
package struct SubmissionProblems: Error, Equatable, Sendable, CustomStringConvertible {
    /// How many are told at once.
    package static let most = 20

    /// In the order of the jobs.
    package let problems: [SubmissionProblem]

    package init(_ problems: [SubmissionProblem]) {
        self.problems = Array(problems.sorted { $0.index < $1.index }.prefix(Self.most))
    }

    /// A line for each.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
