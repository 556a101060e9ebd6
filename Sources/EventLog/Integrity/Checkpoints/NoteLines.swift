import Determinism

/// The lines of a text as the C2SP formats have them: UTF-8, each ended by a line feed, no other control characters.
struct NoteLines {
    /// No checkpoint or proof comes near it.
    static let maximumByteCount = 1 << 20

    private let subject: String
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8], of subject: String) throws(NoteError) {
        self.subject = subject
        rest = bytes[...]
        guard bytes.count <= Self.maximumByteCount else { throw NoteError(subject, "is too long") }
        guard bytes.last == UInt8(ascii: "\n") else { throw NoteError(subject, "doesn't end with a line feed") }
        guard !bytes.contains(where: { $0 < 0x20 && $0 != UInt8(ascii: "\n") }) else {
            throw NoteError(subject, "has control characters")
        }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw NoteError(subject, "isn't UTF-8") }
    }

    /// The next line without its line feed; nil behind the last one.
    mutating func next() -> String? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return String(decoding: rest[..<end], as: UTF8.self)
    }

    /// The lines up to an empty one, or to the end.
    mutating func paragraph() -> [String] {
        var lines: [String] = []
        while let line = next(), !line.isEmpty { lines.append(line) }
        return lines
    }

    /// All lines that are left, as they are.
    mutating func remaining() -> [UInt8] {
        defer { rest = [] }
        return Array(rest)
    }

    /// The number behind a word and a space.
    mutating func number(behind word: String) throws(NoteError) -> UInt64 {
        let line = next() ?? ""
        guard line.utf8.starts(with: "\(word) ".utf8),
            let number = UInt64(plainDecimal: Substring(line.utf8.dropFirst(word.utf8.count + 1)))
        else { throw NoteError(subject, "has no line `\(word) NUMBER` where it is due") }
        return number
    }

    /// The hashes up to an empty line, base64 of 32 bytes a line.
    mutating func hashes(atMost limit: Int) throws(NoteError) -> [Digest] {
        var hashes: [Digest] = []
        while let line = next(), !line.isEmpty {
            guard let hash = Digest(base64: line), hashes.count < limit else {
                throw NoteError(subject, "has `\(line.prefix(60))` where a hash in base64 is due, or too many hashes")
            }
            hashes.append(hash)
        }
        return hashes
    }
}

extension Digest {
    /// A digest from base64 of its 32 bytes.
    init?(base64: String) {
        guard let bytes = Base64.bytes(base64) else { return nil }
        self.init(bytes: bytes)
    }

    /// Base64 of the 32 bytes, as checkpoints and proofs write it.
    package var base64: String { Base64.text(bytes) }
}

extension UInt64 {
    /// “An ASCII decimal with no leading zeroes (unless the index is `0`)”.
    init?(plainDecimal text: Substring) {
        guard let number = UInt64(text), "\(number)".utf8.elementsEqual(text.utf8) else { return nil }
        self = number
    }
}
