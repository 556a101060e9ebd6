import CanonicalJSON

/// The version that an event is written in, which says nothing about what it says: any two are equal.
///
/// A recorded run is executed again in the versions of its record, so that its bytes come out the same.
package struct WrittenVersion: Equatable, Sendable {
    package let number: Int

    package init(_ number: Int) { self.number = number }

    package static func == (_: WrittenVersion, _: WrittenVersion) -> Bool { true }
}

extension JSONValue {
    /// The object with one more member, for upcasters; what is no object stays as it is.
    func adding(_ key: String, _ value: JSONValue) -> JSONValue {
        guard let object, let larger = JSONObject(object.map { ($0.key, $0.value) } + [(key, value)]) else {
            return self
        }
        return .object(larger)
    }
}
