package import CanonicalJSON
package import Determinism

/// Fields with the limits that their schemas state, so that both refuse the same inputs.
extension CanonicalReader {
    /// An integer of at least `least`.
    package mutating func integer(_ key: StaticString, atLeast least: Int) throws(JSONError) -> Int {
        try field(key) { (reader) throws(JSONError) -> Int in
            let start = reader.offset
            let number = try Int(from: &reader)
            guard number >= least else {
                throw reader.error(at: start, expected: "an integer from \(least)", found: "\(number)")
            }
            return number
        }
    }

    /// An integer of at least 0, if the key is there.
    package mutating func optionalCount(_ key: StaticString) throws(JSONError) -> Int? {
        let count: Count? = try optionalField(key)
        return count?.value
    }

    /// A length of time that isn't negative, in microseconds.
    package mutating func length(_ key: StaticString) throws(JSONError) -> Microseconds {
        Microseconds(Int64(try integer(key, atLeast: 0)))
    }

    /// A length of time that isn't negative, if the key is there.
    package mutating func optionalLength(_ key: StaticString) throws(JSONError) -> Microseconds? {
        try optionalCount(key).map { Microseconds(Int64($0)) }
    }

    /// Text of 1 to `most` code points.
    package mutating func text(_ key: StaticString, atMost most: Int) throws(JSONError) -> String {
        try field(key) { (reader) throws(JSONError) -> String in
            let start = reader.offset
            let text = try String(from: &reader)
            guard text.hasCodePoints(upTo: most) else {
                throw reader.error(
                    at: start, expected: "1 to \(most) code points", found: "\(text.unicodeScalars.count)")
            }
            return text
        }
    }

    /// Text of 1 to `most` code points, if the key is there.
    package mutating func optionalText(_ key: StaticString, atMost most: Int) throws(JSONError) -> String? {
        let start = offset
        guard let text: String = try optionalField(key) else { return nil }
        guard text.hasCodePoints(upTo: most) else {
            throw error(at: start, expected: "1 to \(most) code points", found: "\(text.unicodeScalars.count)")
        }
        return text
    }

    /// A word in camel case: a small letter, then letters and digits, at most 60.
    package mutating func word(_ key: StaticString) throws(JSONError) -> String {
        let word: Word = try field(key)
        return word.text
    }

    /// A word in camel case, if the key is there.
    package mutating func optionalWord(_ key: StaticString) throws(JSONError) -> String? {
        let word: Word? = try optionalField(key)
        return word?.text
    }
}

extension CanonicalWriter {
    /// A length of time, in microseconds.
    package mutating func field(_ key: StaticString, _ length: Microseconds) { field(key, length.count) }

    /// A length of time, if there is one.
    package mutating func optionalField(_ key: StaticString, _ length: Microseconds?) {
        optionalField(key, length?.count)
    }
}

extension String {
    /// Whether it has 1 to `most` code points; most texts have few bytes, and need no counting.
    fileprivate func hasCodePoints(upTo most: Int) -> Bool {
        !isEmpty && (utf8.count <= most || unicodeScalars.count <= most)
    }
}

/// Whether text is a small letter, then letters and digits, at most 60 in all.
package func isWord(_ text: String) -> Bool {
    guard let first = text.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else { return false }
    return text.utf8.count <= 60
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
}

private struct Word: CanonicalDecodable {
    let text: String

    init(from reader: inout CanonicalReader) throws(JSONError) {
        let start = reader.offset
        text = try String(from: &reader)
        guard isWord(text) else {
            throw reader.error(at: start, expected: "a word in camel case", found: "«\(text.prefix(40))»")
        }
    }
}

private struct Count: CanonicalDecodable {
    let value: Int

    init(from reader: inout CanonicalReader) throws(JSONError) {
        let start = reader.offset
        value = try Int(from: &reader)
        guard value >= 0 else { throw reader.error(at: start, expected: "an integer from 0", found: "\(value)") }
    }
}
