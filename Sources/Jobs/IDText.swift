import CanonicalJSON
import Determinism
import EventLog
import Projections

/// The text of an id: 16 bytes where it is a stable id, as nearly all are, and a string otherwise.
///
/// So ids are copied, compared and hashed without counting references, and read and written without a `String`.
package struct IDText: Sendable {
    enum Form: Sendable {
        /// The bits of 26 digits; the order of the bits is that of the digits.
        case stable(high: UInt64, low: UInt64)
        /// Any other text.
        case other(String)
    }

    let form: Form

    /// Takes text that is known to be well formed.
    package init(wellFormed text: String) {
        var text = text
        let bits = text.withUTF8 { StableID.bits(of: UnsafeRawBufferPointer($0)) }
        if let bits { form = .stable(high: bits.high, low: bits.low) } else { form = .other(text) }
    }

    /// Nil for bytes that can't be an id: 1 to 120 letters, digits, `_`, `.`, `:` and `-`.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        if let bits = StableID.bits(of: bytes) {
            form = .stable(high: bits.high, low: bits.low)
        } else {
            guard (1...120).contains(bytes.count), bytes.allSatisfy(isIDByte) else { return nil }
            form = .other(String(decoding: bytes, as: UTF8.self))
        }
    }

    package var string: String {
        switch form {
        case .stable(let high, let low): StableID.text(high, low)
        case .other(let text): text
        }
    }
}

extension IDText {
    /// The first half of a stable id, with a number as the second; of another text the half of its stable id.
    func half(followedBy low: UInt64) -> IDText {
        if case .stable(let high, _) = form { return IDText(.stable(high: high, low: low)) }
        return IDText(wellFormed: StableID.make(kind: "half", parts: [string])).half(followedBy: low)
    }

    /// The id whose bits are that many greater; nil for other texts and when they don't suffice.
    func following(_ distance: Int) -> IDText? {
        guard case .stable(let high, let low) = form, distance >= 0 else { return nil }
        let (sum, overflows) = low.addingReportingOverflow(UInt64(distance))
        return overflows ? nil : IDText(.stable(high: high, low: sum))
    }

    /// Whether both are stable ids with the same first half.
    func isHalfBrother(of other: IDText) -> Bool {
        guard case .stable(let mine, _) = form, case .stable(let other, _) = other.form else { return false }
        return mine == other
    }

    private init(_ form: Form) { self.form = form }
}

extension IDText: Hashable, Comparable {
    package static func == (left: IDText, right: IDText) -> Bool {
        switch (left.form, right.form) {
        case (.stable(let a, let b), .stable(let c, let d)): a == c && b == d
        case (.other(let a), .other(let b)): a == b
        case (.stable, .other), (.other, .stable): false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch form {
        case .stable(_, let low): hasher.combine(low)
        case .other(let text): hasher.combine(text)
        }
    }

    package static func < (left: IDText, right: IDText) -> Bool {
        switch (left.form, right.form) {
        case (.stable(let a, let b), .stable(let c, let d)): (a, b) < (c, d)
        case (.other(let a), .other(let b)): a < b
        case (.stable, .other), (.other, .stable): left.string < right.string
        }
    }

    func mix(into hash: inout KeyHash) {
        switch form {
        case .stable(let high, let low): hash.mix(high ^ low)
        case .other(let text): text.mix(into: &hash)
        }
    }

    func encode(to key: inout KeyWriter) {
        switch form {
        case .stable(let high, let low): key.appendPlain(StableID.length) { StableID.write(high, low, into: $0) }
        case .other(let text): key.append(text)
        }
    }

    func encode(to writer: inout CanonicalWriter) {
        switch form {
        case .stable(let high, let low):
            writer.writePlainText(StableID.length) { StableID.write(high, low, into: $0) }
        case .other(let text): writer.write(text)
        }
    }
}

private func isIDByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"),
        UInt8(ascii: "-"):
        true
    default: false
    }
}
