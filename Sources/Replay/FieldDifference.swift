package import CanonicalJSON

/// One field that two values of the same kind don't share.
package struct FieldDifference: Equatable, Sendable {
    /// Where it is, as in `$.usage.input`.
    package let path: String
    /// What the log holds; nil when the field isn't there.
    package let recorded: JSONValue?
    /// What the code makes of the recorded inputs; nil when it makes no such field.
    package let derived: JSONValue?

    package init(path: String, recorded: JSONValue?, derived: JSONValue?) {
        self.path = path
        self.recorded = recorded
        self.derived = derived
    }

    /// Every field that differs, in the order of the recorded value; empty when the values are equal.
    package static func between(recorded: JSONValue, derived: JSONValue, at path: String = "$") -> [FieldDifference] {
        switch (recorded, derived) {
        case (.object(let left), .object(let right)):
            members(left, right, at: path)
        case (.array(let left), .array(let right)):
            (0..<max(left.count, right.count)).flatMap { index in
                optional(
                    index < left.count ? left[index] : nil, index < right.count ? right[index] : nil,
                    at: "\(path)[\(index)]")
            }
        default:
            recorded == derived ? [] : [FieldDifference(path: path, recorded: recorded, derived: derived)]
        }
    }

    private static func members(_ left: JSONObject, _ right: JSONObject, at path: String) -> [FieldDifference] {
        let added = right.keys.filter { left[$0] == nil }
        return (left.keys + added).flatMap { key in optional(left[key], right[key], at: "\(path).\(key)") }
    }

    private static func optional(_ left: JSONValue?, _ right: JSONValue?, at path: String) -> [FieldDifference] {
        if let left, let right { return between(recorded: left, derived: right, at: path) }
        return [FieldDifference(path: path, recorded: left, derived: right)]
    }
}
