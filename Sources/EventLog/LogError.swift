/// Why the log could not do what was asked.
public struct LogError: Error, Equatable {
    /// What kind of failure it is, for a `catch` to match.
    public enum Code: Sendable, Equatable {
        /// The stream is not where the commit expected it; it stands at `actual`, nil when it has no event.
        case conflict(actual: Revision?)
        /// The disk or the file-size limit is full. Nothing was appended, and reading goes on.
        case full
        /// The store was opened for reading only, or its files do not allow writing.
        case readOnly
        /// A newer program made the store or the record.
        case newerFormat
        /// What was read is not what was written, at this position when one is known.
        case damaged(Position?)
        /// A record, a commit or a blob is over its limit.
        case tooLarge
        /// Another process has what only one can have at a time; wait until it has ended.
        case inUse
        /// The caller's value breaks a rule.
        case invalid
        /// The directory holds no store.
        case notAStore
        /// The commit may or may not have landed; look for its commit id, or append it again with the same content.
        case outcomeUnknown
        /// The log was closed.
        case closed
        /// Anything else that the system reported.
        case other
    }

    /// What kind of failure it is.
    public let code: Code
    /// What was being done.
    public let operation: String
    /// What was found, and what to do about it.
    public let message: String

    /// A failure of `operation`.
    public init(_ code: Code, during operation: String, _ message: String) {
        self.code = code
        self.operation = operation
        self.message = message
    }
}

extension LogError: CustomStringConvertible {
    /// What was being done, and what was found.
    public var description: String { "\(operation): \(message)" }
}
