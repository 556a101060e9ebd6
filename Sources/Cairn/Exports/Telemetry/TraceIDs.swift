import Determinism

/// Ids of traces and spans, made from what they are about: exported again, they are the same.
enum TraceIDs {
    /// The trace of a run, or by its stream of what belongs to no run: 16 bytes in hexadecimal.
    static func trace(run: String?, stream: String) -> String {
        id("trace", run.map { "run-\($0)" } ?? stream, digits: 32)
    }

    /// The span of a run, or with its attempt of a call or a job: 8 bytes in hexadecimal.
    ///
    /// A job's attempts are told apart by where in its stream they began, since their numbers may come again.
    static func span(stream: String, attempt: Int? = nil) -> String {
        id("span", stream + (attempt.map { "#\($0)" } ?? ""), digits: 16)
    }

    private static func id(_ kind: String, _ text: String, digits: Int) -> String {
        String(Digest(of: "cairn \(kind) \(text)").hex.prefix(digits))
    }
}
