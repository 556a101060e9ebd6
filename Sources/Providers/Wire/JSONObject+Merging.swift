internal import CanonicalJSON

extension JSONObject {
    /// Adds members, which win over those that are there; an object in the place of an object is merged with it.
    ///
    /// So a user may set one member of a group (`generationConfig`, `output_config`) beside those that an adapter sets.
    mutating func merge(_ additions: [String: JSONValue]) {
        // A dictionary's order can't show: an object keeps its members sorted.
        for (name, value) in additions { merge(value, into: name) }
    }

    private mutating func merge(_ value: JSONValue, into name: String) {
        guard var group = self[name]?.object, let additions = value.object else { return self[name] = value }
        for (member, value) in additions { group.merge(value, into: member) }
        self[name] = .object(group)
    }
}
