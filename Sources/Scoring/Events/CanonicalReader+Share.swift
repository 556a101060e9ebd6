import CanonicalJSON

/// Fields with the limits that their schemas state, so that both refuse the same inputs.
extension CanonicalReader {
    /// A number from 0 to 1.
    mutating func share(_ key: StaticString) throws(JSONError) -> Double {
        let share: Share = try field(key)
        return share.value
    }

    /// A number from 0 to 1, if the key is there.
    mutating func optionalShare(_ key: StaticString) throws(JSONError) -> Double? {
        let share: Share? = try optionalField(key)
        return share?.value
    }
}

private struct Share: CanonicalDecodable {
    let value: Double

    init(from reader: inout CanonicalReader) throws(JSONError) {
        let start = reader.offset
        value = try Double(from: &reader)
        guard value >= 0, value <= 1 else {
            throw reader.error(at: start, expected: "a number from 0 to 1", found: "\(value)")
        }
    }
}
