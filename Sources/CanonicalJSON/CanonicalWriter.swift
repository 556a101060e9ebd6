/// Appends canonical JSON (RFC 8785) to a buffer of bytes.
///
/// There is no tree and no sorting: whoever writes an object gives its fields in canonical order, and the writer traps
/// where the order is wrong. Integers beyond ±(2^53−1), NaN and infinities trap too, as JSON can't say them.
public struct CanonicalWriter: ~Copyable {
    /// How deep values may nest; the reader refuses deeper ones, so the writer never makes them.
    public static let maximumDepth = 128

    private var start: UnsafeMutableRawPointer
    private var capacity: Int
    private var count = 0
    private var depth = 0
    private var needsComma = false
    /// Where the bytes of the last key of the current object are in the buffer; length −1 before the first key.
    private var lastKey: (offset: Int, length: Int) = (0, -1)

    /// Makes an empty writer with room for some bytes; it grows by itself.
    public init(reservingCapacity capacity: Int = 512) {
        self.capacity = max(capacity, 32)
        start = .allocate(byteCount: self.capacity, alignment: 1)
    }

    deinit { start.deallocate() }

    /// A copy of what was written; every object and array that was begun must have been ended.
    public var bytes: [UInt8] {
        withBytes { Array($0) }
    }

    /// Lends what was written, without a copy; every object and array that was begun must have been ended.
    public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        precondition(depth == 0, "every object and array that was begun must be ended")
        return try body(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Forgets what was written and keeps the memory, to write the next document.
    public mutating func removeAll() {
        count = 0
        depth = 0
        needsComma = false
    }

    // MARK: Room

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if capacity - count < more { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        capacity = max(capacity * 2, count + more)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)
        larger.copyMemory(from: start, byteCount: count)
        start.deallocate()
        start = larger
    }

    /// Appends a byte for which there is room.
    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count &+= 1
    }

    /// Appends bytes for which there is room.
    @inline(__always)
    private mutating func put(_ source: UnsafeRawPointer, _ length: Int) {
        (start + count).copyMemory(from: source, byteCount: length)
        count &+= length
    }

    private mutating func append(_ text: StaticString) {
        reserve(text.utf8CodeUnitCount)
        put(text.utf8Start, text.utf8CodeUnitCount)
    }
}

// MARK: - Structure

extension CanonicalWriter {
    /// Begins an object; fields follow, then `endObject`.
    public mutating func beginObject() { begin(UInt8(ascii: "{")) }

    /// Ends the object.
    public mutating func endObject() { end(UInt8(ascii: "}")) }

    /// Begins an array; elements follow, then `endArray`.
    public mutating func beginArray() { begin(UInt8(ascii: "[")) }

    /// Ends the array.
    public mutating func endArray() { end(UInt8(ascii: "]")) }

    private mutating func begin(_ bracket: UInt8) {
        depth += 1
        precondition(
            depth <= Self.maximumDepth, "canonical JSON nests at most 128 deep here, so that reading is bounded")
        reserve(1)
        put(bracket)
        needsComma = false
        lastKey.length = -1
    }

    private mutating func end(_ bracket: UInt8) {
        depth -= 1
        precondition(depth >= 0, "only what was begun can be ended")
        reserve(1)
        put(bracket)
        needsComma = true
    }

    /// Writes a field of the current object; keys come in canonical order.
    @inlinable
    public mutating func field<Value: CanonicalEncodable>(_ key: StaticString, _ value: Value) {
        let place = beginField(key)
        value.encode(to: &self)
        endField(place)
    }

    /// Writes a field if there is a value, and nothing if there is none.
    @inlinable
    public mutating func optionalField<Value: CanonicalEncodable>(_ key: StaticString, _ value: Value?) {
        if let value { field(key, value) }
    }

    /// Writes a field whose value is written by a closure: exactly one JSON value.
    @inlinable
    public mutating func field(_ key: StaticString, _ body: (inout CanonicalWriter) -> Void) {
        let place = beginField(key)
        body(&self)
        endField(place)
    }

    /// Writes a field whose key is known only at run time, as in an object that is a map.
    @inlinable
    public mutating func field<Value: CanonicalEncodable>(dynamic key: String, _ value: Value) {
        let place = beginField(dynamic: key)
        value.encode(to: &self)
        endField(place)
    }

    /// Writes an element of the current array.
    @inlinable
    public mutating func element<Value: CanonicalEncodable>(_ value: Value) {
        beginElement()
        value.encode(to: &self)
        endElement()
    }

    /// Writes an element that is written by a closure: exactly one JSON value.
    @inlinable
    public mutating func element(_ body: (inout CanonicalWriter) -> Void) {
        beginElement()
        body(&self)
        endElement()
    }

    /// Writes the comma and the key, and answers where the key is, for `endField`.
    @usableFromInline
    mutating func beginField(_ key: StaticString) -> (offset: Int, length: Int) {
        let length = key.utf8CodeUnitCount
        assert(
            UnsafeRawBufferPointer(start: key.utf8Start, count: length).allSatisfy { !Self.needsEscape($0) },
            "a key given in the code needs no escape")
        reserve(length + 4)
        if needsComma { put(UInt8(ascii: ",")) }
        put(UInt8(ascii: "\""))
        let place = (offset: count, length: length)
        put(key.utf8Start, length)
        checkOrder(
            UnsafeRawBufferPointer(start: start + lastKey.offset, count: max(lastKey.length, 0)),
            UnsafeRawBufferPointer(start: start + place.offset, count: length))
        put(UInt8(ascii: "\""))
        put(UInt8(ascii: ":"))
        return place
    }

    /// As `beginField`; a key that needs escapes is compared through its escaped form only if that can't differ.
    @usableFromInline
    mutating func beginField(dynamic key: String) -> (offset: Int, length: Int) {
        reserve(1)
        if needsComma { put(UInt8(ascii: ",")) }
        let offset = count + 1
        write(key)
        let place = (offset: offset, length: count - 1 - offset)
        let last = (start + lastKey.offset, max(lastKey.length, 0))
        let lastKeyBytes = UnsafeRawBufferPointer(start: last.0, count: last.1)
        let keyBytes = UnsafeRawBufferPointer(start: start + place.offset, count: place.length)
        if lastKeyBytes.contains(UInt8(ascii: "\\")) || keyBytes.contains(UInt8(ascii: "\\")) {
            let left = StringToken.unescaped(lastKeyBytes)
            left.withUnsafeBytes { left in
                StringToken.unescaped(keyBytes).withUnsafeBytes { checkOrder(left, $0) }
            }
        } else {
            checkOrder(lastKeyBytes, keyBytes)
        }
        reserve(1)
        put(UInt8(ascii: ":"))
        return place
    }

    @inline(__always)
    private func checkOrder(_ last: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer) {
        precondition(
            lastKey.length < 0 || KeyOrder(last, key) == .before,
            "the fields of a canonical object are written in the order of their keys, each once")
    }

    @usableFromInline
    mutating func endField(_ place: (offset: Int, length: Int)) {
        lastKey = place
        needsComma = true
    }

    @usableFromInline
    mutating func beginElement() {
        reserve(1)
        if needsComma { put(UInt8(ascii: ",")) }
    }

    @usableFromInline
    mutating func endElement() { needsComma = true }
}

// MARK: - Values

extension CanonicalWriter {
    /// Writes `null`.
    public mutating func writeNull() { append("null") }

    /// Writes a truth value.
    public mutating func write(_ flag: Bool) { append(flag ? "true" : "false") }

    /// Writes an integer within ±(2^53−1).
    public mutating func write(_ integer: Int) { write(Int64(integer)) }

    /// Writes an integer up to 2^53−1.
    public mutating func write(_ integer: UInt64) {
        write(Int64(clamping: integer))
    }

    /// Writes an integer within ±(2^53−1).
    public mutating func write(_ integer: Int64) {
        precondition(
            integer.magnitude <= UInt64(JSONValue.largestInteger),
            "JSON keeps integers only within ±(2^53−1); write a larger one as a string")
        reserve(20)
        if integer < 0 { put(UInt8(ascii: "-")) }
        let first = count
        var rest = integer.magnitude
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            put(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit))
            rest = quotient
        } while rest != 0
        reverse(from: first)
    }

    private mutating func reverse(from first: Int) {
        let digits = UnsafeMutableRawBufferPointer(start: start + first, count: count - first)
        var (low, high) = (0, digits.count - 1)
        while low < high {
            digits.swapAt(low, high)
            low += 1
            high -= 1
        }
    }

    /// Writes a finite number in the form of ECMAScript.
    public mutating func write(_ number: Double) {
        precondition(number.isFinite, "JSON has no NaN and no infinity")
        if abs(number) <= Double(JSONValue.largestInteger), number.rounded(.towardZero) == number {
            write(Int64(number))
        } else {
            reserve(ECMAScriptNumber.longest)
            count += ECMAScriptNumber.write(number, to: start + count)
        }
    }

    /// Writes a string with the escapes of RFC 8785 §3.2.2.2 and no others.
    public mutating func write(_ text: String) {
        reserve(text.utf8.count + 2)
        put(UInt8(ascii: "\""))
        let written: Void? = text.utf8.withContiguousStorageIfAvailable { writeEscaped(UnsafeRawBufferPointer($0)) }
        if written == nil { Array(text.utf8).withUnsafeBytes { writeEscaped($0) } }
        reserve(1)
        put(UInt8(ascii: "\""))
    }

    /// Writes any JSON value.
    public mutating func write(_ value: JSONValue) {
        switch value {
        case .null: writeNull()
        case .bool(let flag): write(flag)
        case .number(let number): write(number)
        case .string(let text): write(text)
        case .array(let elements):
            beginArray()
            for value in elements { element(value) }
            endArray()
        case .object(let members):
            beginObject()
            for (key, value) in members { field(dynamic: key, value) }
            endObject()
        }
    }

    /// Writes one value that is canonical JSON already, such as what `CanonicalReader.rawValue` copied.
    ///
    /// Whoever calls it answers for the bytes: they are not looked at again.
    public mutating func writeRawValue(_ canonical: [UInt8]) {
        canonical.withUnsafeBytes { source in
            guard let first = source.baseAddress else { preconditionFailure("a JSON value has at least one byte") }
            reserve(source.count)
            put(first, source.count)
        }
    }

    /// Writes a string of `count` bytes that `fill` puts in place: ASCII without controls, quotes and backslashes.
    ///
    /// Whoever calls it answers for the bytes: they are not looked at again.
    package mutating func writePlainText(_ count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        reserve(count + 2)
        put(UInt8(ascii: "\""))
        fill(UnsafeMutableRawBufferPointer(start: start + self.count, count: count))
        self.count &+= count
        put(UInt8(ascii: "\""))
    }

    private mutating func writeEscaped(_ source: UnsafeRawBufferPointer) {
        guard let first = source.baseAddress else { return }
        var copied = 0
        var index = StringToken.plainPrefix(first, source.count)
        while index < source.count {
            reserve(index - copied + 6)
            put(first + copied, index - copied)
            putEscape(of: source[index])
            copied = index + 1
            index = copied + StringToken.plainPrefix(first + copied, source.count - copied)
        }
        reserve(source.count - copied)
        put(first + copied, source.count - copied)
    }

    private mutating func putEscape(of byte: UInt8) {
        put(UInt8(ascii: "\\"))
        if let letter = StringToken.shortEscape(of: byte) {
            put(letter)
        } else {
            let digits: StaticString = "0123456789abcdef"
            put(UInt8(ascii: "u"))
            put(UInt8(ascii: "0"))
            put(UInt8(ascii: "0"))
            put(digits.utf8Start[Int(byte >> 4)])
            put(digits.utf8Start[Int(byte & 15)])
        }
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }
}
