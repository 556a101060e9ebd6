package import CanonicalJSON
import Determinism
package import EventLog

/// Answers that a run was given from another run's calls, and where those calls stand to what the run laid down.
package struct ReusedAnswers: Equatable, Sendable {
    /// The run that made the calls; nil where the bundle doesn't have them.
    package let run: String?
    package private(set) var answers = 0
    /// How many of them are of calls that were made before this run was submitted.
    package private(set) var before = 0
    /// Where the first of the calls was made.
    package private(set) var first: Position
    package private(set) var last: Position

    init(of run: String?, at position: Position) {
        self.run = run
        first = position
        last = position
    }

    /// An answer of a call that was made at a position, reused in a run that was submitted at another.
    mutating func take(_ call: Position, submitted: Position?) {
        answers += 1
        if let submitted, call < submitted { before += 1 }
        first = min(first, call)
        last = max(last, call)
    }

    /// For people, in one sentence without its full stop.
    var text: String {
        let place = first == last ? "position \(first)" : "positions \(first) to \(last)"
        let then =
            switch before {
            case answers: "before that was laid down"
            case 0: "after that was laid down"
            default: "\(before) of them before that was laid down"
            }
        return "\(counted(answers, "answer")) reused from \(run.map { "the run \($0)" } ?? "calls that aren't here"), "
            + "asked for at \(place), \(then)"
    }
}

extension ReusedAnswers: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("answers", answers)
        writer.field("before", before)
        writer.field("first", first)
        writer.field("last", last)
        writer.optionalField("run", run)
        writer.endObject()
    }
}
