/// Strings of canonical JSON.
extension CanonicalReader {
    /// Reads a string.
    public mutating func readString() throws(JSONError) -> String {
        let token = try scanString()
        return text(of: token)
    }

    /// Reads a string through its bytes, for types whose text is short and strict, without making a `String` first.
    ///
    /// `parse` answers nil if the text isn't one of the type; the error then says what was expected.
    @inlinable
    public mutating func readString<Value>(
        as expected: StaticString, _ parse: (UnsafeRawBufferPointer) -> Value?
    ) throws(JSONError) -> Value {
        let start = offset
        let value = try withString(parse)
        guard let value else { throw unparsed(at: start, expected) }
        return value
    }

    @usableFromInline
    mutating func withString<Value>(_ body: (UnsafeRawBufferPointer) -> Value?) throws(JSONError) -> Value? {
        let token = try scanString()
        return token.hasEscapes ? StringToken.unescaped(inside(token)).withUnsafeBytes(body) : body(inside(token))
    }

    @usableFromInline
    func unparsed(at start: Int, _ expected: StaticString) -> JSONError {
        JSONError(in: input, at: start, expected: "\(expected)")
    }

    /// The inside of a string between its quotes.
    struct Token {
        var start: Int
        var end: Int
        var hasEscapes: Bool
    }

    /// The text of a string that was scanned.
    func text(of token: Token) -> String {
        if token.hasEscapes { return String(decoding: StringToken.unescaped(inside(token)), as: UTF8.self) }
        return String(decoding: inside(token), as: UTF8.self)
    }

    /// The bytes between the quotes, escapes as they are.
    func inside(_ token: Token) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: input[token.start..<token.end])
    }

    /// Steps over a string and checks its escapes and its UTF-8.
    mutating func scanString() throws(JSONError) -> Token {
        guard next == UInt8(ascii: "\""), let base = input.baseAddress else { throw mismatch("a string") }
        let start = position &+ 1
        var end = start
        var hasEscapes = false
        while true {
            end &+= StringToken.plainPrefix(base + end, input.count &- end)
            guard end < input.count else {
                throw JSONError(
                    in: input, at: input.count, expected: "the end of a string", found: "the end of the input")
            }
            let byte = input[unchecked: end]
            if byte == UInt8(ascii: "\"") { break }
            guard byte == UInt8(ascii: "\\"), let escape = StringToken.canonicalEscape(input, at: end) else {
                throw JSONError(
                    in: input, at: end, expected: "a character as canonical JSON writes it",
                    found: byte == UInt8(ascii: "\\") ? "another escape" : "a control character")
            }
            hasEscapes = true
            end &+= escape.length
        }
        let token = Token(start: start, end: end, hasEscapes: hasEscapes)
        if let wrong = UTF8Check.firstInvalid(inside(token)) {
            throw JSONError(in: input, at: start + wrong, expected: "UTF-8")
        }
        position = end &+ 1
        return token
    }
}
