/// The name of one entity's events: a category and an id, such as `job-4f1c`.
///
/// The category is a letter followed by letters and digits (`[a-z][A-Za-z0-9]*`), so the first hyphen ends it. The id is
/// `[A-Za-z0-9_.:-]+`. The whole name has at most 200 bytes, all of them ASCII.
public struct StreamName: Hashable, Sendable {
    /// The whole name.
    public let text: String

    /// The longest name, in bytes.
    public static let longest = 200

    /// Reads a whole name; throws `.invalid` for one that breaks the grammar.
    public init(_ text: String) throws(LogError) {
        guard StreamName.isValid(text) else {
            throw LogError(
                .invalid, during: "naming a stream",
                "«\(text.prefix(80))» is not category-id, [a-z][A-Za-z0-9]* then [A-Za-z0-9_.:-]+, within 200 bytes")
        }
        self.text = text
    }

    /// Puts a name together; throws `.invalid` when a part breaks the grammar.
    public init(category: String, id: String) throws(LogError) {
        guard !category.utf8.contains(UInt8(ascii: "-")) else {
            throw LogError(.invalid, during: "naming a stream", "the category «\(category.prefix(80))» has a hyphen")
        }
        try self.init(category + "-" + id)
    }

    /// A name read from a record, whose grammar `verify` has checked or will check.
    init(recorded text: String) {
        self.text = text
    }

    /// What stands before the first hyphen: the kind of entity.
    public var category: String { String(decoding: text.utf8.prefix { $0 != UInt8(ascii: "-") }, as: UTF8.self) }

    /// What stands after the first hyphen: which entity.
    public var id: String { String(decoding: text.utf8.drop { $0 != UInt8(ascii: "-") }.dropFirst(), as: UTF8.self) }

    static func isValid(_ text: String) -> Bool {
        let bytes = text.utf8
        guard bytes.count <= longest, let hyphen = bytes.firstIndex(of: UInt8(ascii: "-")) else { return false }
        return isCategory(bytes[..<hyphen]) && isID(bytes[bytes.index(after: hyphen)...])
    }

    private static func isCategory(_ bytes: Substring.UTF8View) -> Bool {
        guard let first = bytes.first, ASCII.isLower(first) else { return false }
        return bytes.allSatisfy(ASCII.isAlphanumeric)
    }

    private static func isID(_ bytes: Substring.UTF8View) -> Bool {
        !bytes.isEmpty
            && bytes.allSatisfy { byte in
                ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
                    || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-")
            }
    }
}

extension StreamName: Comparable {
    /// The order of the names' bytes.
    public static func < (left: StreamName, right: StreamName) -> Bool { left.text < right.text }
}

extension StreamName: CustomStringConvertible {
    /// The whole name.
    public var description: String { text }
}

/// The character classes of stream names and event types.
enum ASCII {
    static func isLower(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }
    static func isUpper(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") }
    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
    static func isAlphanumeric(_ byte: UInt8) -> Bool { isLower(byte) || isUpper(byte) || isDigit(byte) }
}
