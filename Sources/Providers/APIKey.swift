/// A provider's key.
///
/// It can be sent and compared; it can't be printed, dumped or interpolated.
package struct APIKey: Sendable, Equatable {
    private let secret: String

    /// Takes a key as it stands in an environment variable, without surrounding white space; nil if nothing is left.
    package init?(_ text: String) {
        let trimmed = text.drop(while: \.isWhitespace)
        guard let last = trimmed.lastIndex(where: { !$0.isWhitespace }) else { return nil }
        secret = String(trimmed[...last])
    }

    /// The key itself, for the header that carries it.
    func reveal() -> String { secret }
}

extension APIKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<key>" }
    package var debugDescription: String { "<key>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
