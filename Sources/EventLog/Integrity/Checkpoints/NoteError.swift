/// Why a note, a checkpoint, a key or a proof in text form isn't one.
public struct NoteError: Error, Equatable {
    /// What was read.
    public let subject: String
    /// What was found, in words that fit behind the subject.
    public let found: String

    init(_ subject: String, _ found: String) {
        self.subject = subject
        self.found = found
    }
}

extension NoteError: CustomStringConvertible {
    /// What was read, and what was found.
    public var description: String { "\(subject) \(found)" }
}
