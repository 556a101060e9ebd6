/// Why an archive can't be written or read.
package struct ArchiveError: Error, Equatable, Sendable {
    package enum Code: Equatable, Sendable {
        /// The file system refused.
        case file
        /// It is no archive, or one whose bytes were changed.
        case damaged
        /// It asks for what an archive must not do: leave its directory, or fill memory and disk.
        case unsafe
        /// It uses a part of the format that this program doesn't read.
        case unsupported
        /// A caller broke a rule, such as the same name twice.
        case invalid
    }

    package let code: Code
    /// The name of the entry that it is about; nil when it is about the whole.
    package let entry: String?
    package let message: String

    package init(_ code: Code, entry: String? = nil, _ message: String) {
        self.code = code
        self.entry = entry
        self.message = message
    }
}

extension ArchiveError: CustomStringConvertible {
    package var description: String { (entry.map { "\($0): " } ?? "") + message }
}
