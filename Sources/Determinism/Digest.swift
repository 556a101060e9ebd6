import Crypto

/// A SHA-256 hash (FIPS 180-4): 32 bytes, kept inline, ordered as their hex texts are.
public struct Digest: Hashable, Sendable {
    /// How many bytes a digest has.
    public static let byteCount = 32

    /// The bytes as four big-endian words, so that comparing words compares bytes.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    private init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// Whether two digests are the same.
    public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

    /// Hashes the first 8 bytes, which are as evenly spread as the whole.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension Digest: Comparable {
    /// Whether the left digest comes first, byte by byte.
    public static func < (left: Digest, right: Digest) -> Bool { left.words < right.words }
}

// MARK: - Hashing

extension Digest {
    /// The hash of some bytes.
    public init(of bytes: [UInt8]) { self = bytes.withUnsafeBytes { Digest(of: $0) } }

    /// The hash of a text's UTF-8.
    public init(of text: String) {
        let lent = text.utf8.withContiguousStorageIfAvailable { Digest(of: UnsafeRawBufferPointer($0)) }
        self = lent ?? Digest(of: Array(text.utf8))
    }

    /// The hash of lent bytes.
    public init(of span: RawSpan) { self = span.withUnsafeBytes { Digest(of: $0) } }

    /// The hash of lent bytes.
    public init(of buffer: UnsafeRawBufferPointer) {
        var hasher = SHA256()
        hasher.update(bufferPointer: buffer)
        self.init(hasher.finalize())
    }

    /// The hash of a prefix byte and one part: `SHA-256(prefix ‖ part)`, as for the leaf of a Merkle tree.
    public init(prefix: UInt8, _ part: UnsafeRawBufferPointer) {
        var hasher = SHA256()
        withUnsafeBytes(of: prefix) { hasher.update(bufferPointer: $0) }
        hasher.update(bufferPointer: part)
        self.init(hasher.finalize())
    }

    /// The hash of a prefix byte and two digests: `SHA-256(prefix ‖ left ‖ right)`, as for the node of a Merkle tree.
    public init(prefix: UInt8, _ left: Digest, _ right: Digest) {
        self = withUnsafeTemporaryAllocation(byteCount: 65, alignment: 8) { buffer in
            buffer[0] = prefix
            left.store(into: buffer, at: 1)
            right.store(into: buffer, at: 33)
            return Digest(of: UnsafeRawBufferPointer(buffer))
        }
    }

    /// RFC 6962's hash of a leaf: `SHA-256(0x00 ‖ record)`.
    public static func leaf(_ record: UnsafeRawBufferPointer) -> Digest { Digest(prefix: 0x00, record) }

    /// RFC 6962's hash of a leaf: `SHA-256(0x00 ‖ record)`.
    public static func leaf(_ record: [UInt8]) -> Digest { record.withUnsafeBytes { leaf($0) } }

    /// RFC 6962's hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`.
    public static func node(_ left: Digest, _ right: Digest) -> Digest { Digest(prefix: 0x01, left, right) }

    fileprivate init(_ digest: SHA256Digest) {
        self = digest.withUnsafeBytes { Digest(loading: $0.baseAddress.unsafelyUnwrapped) }
    }
}

// MARK: - Bytes and text

extension Digest {
    /// A digest from its 32 bytes; nil if there are more or fewer.
    public init?(bytes: [UInt8]) {
        guard let digest = bytes.withUnsafeBytes({ Digest(bytes: $0) }) else { return nil }
        self = digest
    }

    /// A digest from its 32 lent bytes; nil if there are more or fewer.
    public init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount, let base = bytes.baseAddress else { return nil }
        self.init(loading: base)
    }

    private init(loading base: UnsafeRawPointer) {
        func word(_ offset: Int) -> UInt64 {
            UInt64(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        self.init(words: (word(0), word(8), word(16), word(24)))
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { withBytes { Array($0) } }

    /// Lends the 32 bytes.
    public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        let big = (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
        return try withUnsafeBytes(of: big) { (lent) throws(E) -> R in try body(lent) }
    }

    /// Writes the 32 bytes into a buffer.
    public func store(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
        buffer.storeBytes(of: words.0.bigEndian, toByteOffset: offset, as: UInt64.self)
        buffer.storeBytes(of: words.1.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
        buffer.storeBytes(of: words.2.bigEndian, toByteOffset: offset + 16, as: UInt64.self)
        buffer.storeBytes(of: words.3.bigEndian, toByteOffset: offset + 24, as: UInt64.self)
    }

    /// The digest as 64 lowercase hexadecimal digits.
    public var hex: String { withBytes { Hexadecimal.text($0) } }

    /// A digest from 64 hexadecimal digits, which must be lowercase, so that there is one text for each digest.
    public init?(hex: String) {
        let lent = hex.utf8.withContiguousStorageIfAvailable { Digest(hex: UnsafeRawBufferPointer($0)) }
        guard let digest = lent ?? Array(hex.utf8).withUnsafeBytes({ Digest(hex: $0) }) else { return nil }
        self = digest
    }

    /// A digest from 64 lowercase hexadecimal digits, given as their bytes.
    public init?(hex text: UnsafeRawBufferPointer) {
        guard text.count == 2 * Self.byteCount else { return nil }
        func word(_ index: Int) -> UInt64? { Hexadecimal.word(text, at: 16 * index) }
        guard let a = word(0), let b = word(1), let c = word(2), let d = word(3) else { return nil }
        self.init(words: (a, b, c, d))
    }
}

extension Digest: CustomStringConvertible {
    /// The hexadecimal text.
    public var description: String { hex }
}

/// Hashes bytes that come in pieces.
public struct DigestBuilder: Sendable {
    private var hasher = SHA256()

    /// Makes a builder that has seen no bytes.
    public init() {}

    /// Takes more bytes.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    }

    /// Takes more lent bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { hasher.update(bufferPointer: bytes) }

    /// Takes more lent bytes.
    public mutating func update(_ span: RawSpan) { span.withUnsafeBytes { hasher.update(bufferPointer: $0) } }

    /// Takes the UTF-8 of a text.
    public mutating func update(_ text: String) {
        let lent: Void? = text.utf8.withContiguousStorageIfAvailable {
            hasher.update(bufferPointer: UnsafeRawBufferPointer($0))
        }
        if lent == nil { update(Array(text.utf8)) }
    }

    /// Takes a number as 8 little-endian bytes, for lengths and counts.
    public mutating func update(_ number: UInt64) {
        withUnsafeBytes(of: number.littleEndian) { hasher.update(bufferPointer: $0) }
    }

    /// The hash of all bytes so far; more may follow.
    public func digest() -> Digest { Digest(hasher.finalize()) }
}
