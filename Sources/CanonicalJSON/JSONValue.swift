/// Any JSON value.
///
/// Strings are compared by their code points: JSON tells a composed `é` from a decomposed one, although Swift's `==`
/// on `String` doesn't. Numbers are IEEE doubles, as in RFC 8785 and I-JSON; integers are exact up to ±(2^53−1).
public enum JSONValue: Sendable {
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// A finite number; writing NaN or an infinity is a programming error.
    case number(Double)
    /// Unicode text.
    case string(String)
    /// Values in order.
    case array([JSONValue])
    /// Members in canonical order.
    case object(JSONObject)
}

extension JSONValue {
    /// The largest magnitude at which every integer is a double: 2^53 − 1.
    public static let largestInteger: Int64 = 9_007_199_254_740_991

    /// The number as an integer, if it is one within ±(2^53−1).
    public var int: Int? {
        guard case .number(let number) = self, abs(number) <= Double(Self.largestInteger) else { return nil }
        return Int(exactly: number)
    }

    /// The number, if this is one.
    public var double: Double? {
        if case .number(let number) = self { number } else { nil }
    }

    /// The text, if this is a string.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The truth value, if this is one.
    public var bool: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    /// The elements, if this is an array.
    public var array: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The members, if this is an object.
    public var object: JSONObject? {
        if case .object(let members) = self { members } else { nil }
    }

    /// Whether this is `null`.
    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The member of an object; nil if there is none or this isn't an object.
    public subscript(key: String) -> JSONValue? { object?[key] }

    /// The element of an array; nil if there is none or this isn't an array.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}

extension JSONValue: Equatable {
    /// Whether two values have the same canonical bytes.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): KeyOrder(a, b) == .same
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }
}

// No nil literal: in `value["key"] == nil` it would mean null rather than absent.
extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Makes a truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Makes a number from an integer within ±(2^53−1).
    public init(integerLiteral value: Int64) { self.init(value) }
    /// Makes a number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// Makes a string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Makes an array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// Makes an object; a key given twice is a programming error.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(literal: elements)) }

    /// Makes a number from an integer within ±(2^53−1); others are a programming error, as JSON would round them.
    public init(_ integer: some BinaryInteger) {
        precondition(
            integer.magnitude <= UInt64(Self.largestInteger),
            "JSON keeps integers only within ±(2^53−1); write a larger one as a string")
        self = .number(Double(integer))
    }
}
