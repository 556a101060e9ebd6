public import Determinism
public import EventLog
import Glibc
import LMDB

/// A key of a read model's table: its bytes sort as its parts do, one after the other.
///
/// An id with a `String` raw value conforms by declaration alone; a key of several parts appends and reads them in
/// order.
@usableFromInline
package protocol ViewKey: Hashable, Sendable {
    /// Appends the parts.
    func encode(to key: inout KeyWriter)
    /// Reads the parts in the same order.
    init(from key: inout KeyReader) throws(KeyError)
    /// Mixes what tells keys apart into a hash; equal keys mix the same.
    func mix(into hash: inout KeyHash)
}

extension ViewKey {
    /// By way of `Hasher`, which is slower than mixing the words of a key.
    @inlinable
    package func mix(into hash: inout KeyHash) {
        var hasher = Hasher()
        self.hash(into: &hasher)
        hash.mix(UInt64(bitPattern: Int64(hasher.finalize())))
    }
}

/// Bytes that aren't a key of the type that was asked for.
@usableFromInline
package struct KeyError: Error, Equatable, Sendable, CustomStringConvertible {
    @usableFromInline package let description: String

    @usableFromInline
    package init(_ description: String) { self.description = description }
}

/// Appends the parts of a key.
@usableFromInline
package struct KeyWriter: Sendable {
    @usableFromInline package var bytes: [UInt8]

    @inlinable
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Appends a part.
    @inlinable
    package mutating func append(_ part: some ViewKey) { part.encode(to: &self) }

    /// Appends a text of `count` bytes, none of them zero, that `fill` puts in place.
    package mutating func appendPlain(_ count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: count + 2, alignment: 8) { buffer in
            fill(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
            buffer[count] = 0
            buffer[count + 1] = 1
            bytes.append(contentsOf: buffer)
        }
    }

    /// Appends eight bytes, the most significant first.
    @inlinable
    mutating func append(word: UInt64) {
        withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Appends a text; one without zero bytes, as nearly all are, in one piece.
    mutating func append(text: String) {
        var text = text
        let isPlain = text.withUTF8 { utf8 in
            let isPlain = utf8.baseAddress.map { memchr($0, 0, utf8.count) == nil } ?? true
            if isPlain { bytes.append(contentsOf: utf8) }
            return isPlain
        }
        if isPlain { bytes += Self.end } else { text.encode(into: &bytes) }
    }

    /// What stands behind a text, so that a shorter one comes before those that it begins.
    private static let end: [UInt8] = [0, 1]
}

/// Reads the parts of a key.
@usableFromInline
package struct KeyReader: Sendable {
    var bytes: ArraySlice<UInt8>

    /// Reads a part.
    @usableFromInline
    package mutating func read<Part: ViewKey>(_: Part.Type = Part.self) throws(KeyError) -> Part {
        try Part(from: &self)
    }

    mutating func read<Part: TableKey>(part _: Part.Type) throws(KeyError) -> Part {
        do throws(TableKeyError) {
            return try Part(decoding: &bytes)
        } catch {
            throw KeyError(error.description)
        }
    }
}

/// The first parts of keys.
@usableFromInline
package struct KeyPrefix: Sendable {
    let bytes: [UInt8]

    /// The keys that begin with these parts; without a part, all keys.
    @usableFromInline
    package init<each Part: ViewKey>(_ part: repeat each Part) {
        var writer = KeyWriter([])
        repeat (each part).encode(to: &writer)
        bytes = writer.bytes
    }

    /// The keys whose first part is a text that begins with this one.
    @usableFromInline
    package init(textBeginning text: String) {
        var writer = KeyWriter([])
        writer.append(text)
        bytes = Array(writer.bytes.dropLast(Self.terminatorLength))
    }

    private static let terminatorLength = 2
}

extension String: ViewKey {
    @usableFromInline
    package func encode(to key: inout KeyWriter) { key.append(text: self) }
    @usableFromInline
    package init(from key: inout KeyReader) throws(KeyError) { self = try key.read(part: String.self) }
}

extension UInt64: ViewKey {
    @inlinable
    package func mix(into hash: inout KeyHash) { hash.mix(self) }
    @usableFromInline
    package func encode(to key: inout KeyWriter) { key.append(word: self) }
    @usableFromInline
    package init(from key: inout KeyReader) throws(KeyError) { self = try key.read(part: UInt64.self) }
}

extension Int64: ViewKey {
    @inlinable
    package func mix(into hash: inout KeyHash) { hash.mix(UInt64(bitPattern: self)) }
    @usableFromInline
    package func encode(to key: inout KeyWriter) { key.append(word: UInt64(bitPattern: self) ^ 1 << 63) }
    @usableFromInline
    package init(from key: inout KeyReader) throws(KeyError) { self = try key.read(part: Int64.self) }
}

extension Int: ViewKey {
    @inlinable
    package func mix(into hash: inout KeyHash) { hash.mix(UInt64(bitPattern: Int64(self))) }
    @usableFromInline
    package func encode(to key: inout KeyWriter) { Int64(self).encode(to: &key) }
    @usableFromInline
    package init(from key: inout KeyReader) throws(KeyError) { self = Int(try key.read(part: Int64.self)) }
}

extension Bool: ViewKey {
    @inlinable
    package func mix(into hash: inout KeyHash) { hash.mix(self ? 1 : 0) }
    @usableFromInline
    package func encode(to key: inout KeyWriter) { key.bytes.append(self ? 1 : 0) }
    @usableFromInline
    package init(from key: inout KeyReader) throws(KeyError) {
        switch key.bytes.popFirst() {
        case 0: self = false
        case 1: self = true
        default: throw KeyError("a truth value is one byte, 0 or 1")
        }
    }
}

extension Position: ViewKey {
    @inlinable
    package func mix(into hash: inout KeyHash) { hash.mix(rawValue) }
    @usableFromInline
    package func encode(to key: inout KeyWriter) { rawValue.encode(to: &key) }
    @usableFromInline
    package init(from key: inout KeyReader) throws(KeyError) { self.init(try UInt64(from: &key)) }
}

extension Timestamp: ViewKey {
    @inlinable
    package func mix(into hash: inout KeyHash) { hash.mix(UInt64(bitPattern: microseconds)) }
    @usableFromInline
    package func encode(to key: inout KeyWriter) { microseconds.encode(to: &key) }
    @usableFromInline
    package init(from key: inout KeyReader) throws(KeyError) { self.init(microseconds: try Int64(from: &key)) }
}

extension Digest: ViewKey {
    @usableFromInline
    package func encode(to key: inout KeyWriter) { withBytes { key.bytes.append(contentsOf: $0) } }
    @usableFromInline
    package init(from key: inout KeyReader) throws(KeyError) {
        guard let digest = Digest(bytes: Array(key.bytes.prefix(Digest.byteCount))) else {
            throw KeyError("a digest has 32 bytes, and \(key.bytes.count) are left")
        }
        key.bytes.removeFirst(Digest.byteCount)
        self = digest
    }
}

extension ViewKey where Self: RawRepresentable, RawValue: ViewKey {
    @inlinable
    package func mix(into hash: inout KeyHash) { rawValue.mix(into: &hash) }

    @inlinable
    package func encode(to key: inout KeyWriter) { rawValue.encode(to: &key) }

    @usableFromInline
    package init(from key: inout KeyReader) throws(KeyError) {
        let raw = try RawValue(from: &key)
        guard let value = Self(rawValue: raw) else { throw KeyError("\(raw) is no \(Self.self)") }
        self = value
    }
}
