import Glibc

/// Finds single members of canonical JSON without parsing it.
///
/// A mark begins with a comma or brace and a quote, as in `,"cost":`. Inside a text every quote stands behind a
/// backslash, so a mark is found only where a member begins.
struct CanonicalSkim {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The rest from the last place on where a mark stands.
    func tail(from mark: StaticString) -> CanonicalSkim? {
        var index = bytes.count - mark.utf8CodeUnitCount
        while index >= 0 {
            if bytes[index] == mark.utf8Start.pointee, stands(mark, at: index) {
                return CanonicalSkim(UnsafeRawBufferPointer(rebasing: bytes[index...]))
            }
            index -= 1
        }
        return nil
    }

    /// The whole number behind a mark; nil if there is none.
    func number(after mark: StaticString) -> Int? {
        guard var index = end(of: mark) else { return nil }
        let first = index
        var number = 0
        while index < bytes.count, case let digit = bytes[index], (0x30...0x39).contains(digit), index - first < 17 {
            number = number * 10 + Int(digit - 0x30)
            index += 1
        }
        return index > first ? number : nil
    }

    /// The text behind a mark, which ends with its quote; nil if there is none, or one with a backslash.
    func text(after mark: StaticString) -> String? {
        guard let first = end(of: mark), let length = bytes[first...].firstIndex(of: UInt8(ascii: "\"")) else {
            return nil
        }
        let text = bytes[first..<length]
        return text.contains(UInt8(ascii: "\\")) ? nil : String(decoding: text, as: UTF8.self)
    }

    /// Where a mark ends for the first time.
    private func end(of mark: StaticString) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        var index = 0
        while index + mark.utf8CodeUnitCount <= bytes.count,
            let found = memchr(base + index, CInt(mark.utf8Start.pointee), bytes.count - index)
        {
            index = UnsafeRawPointer(found) - base
            if stands(mark, at: index) { return index + mark.utf8CodeUnitCount }
            index += 1
        }
        return nil
    }

    private func stands(_ mark: StaticString, at index: Int) -> Bool {
        guard let base = bytes.baseAddress, index + mark.utf8CodeUnitCount <= bytes.count else { return false }
        return memcmp(base + index, mark.utf8Start, mark.utf8CodeUnitCount) == 0
    }
}

extension RawSpan {
    func skim<Result>(_ body: (CanonicalSkim) -> Result) -> Result {
        withUnsafeBytes { body(CanonicalSkim($0)) }
    }
}
