package import CanonicalJSON

/// A pure step from one schema version of a payload to the next.
///
/// Recorded bytes never change; what an old version means today is computed each time it is read. Named after its
/// versions: `CallCompletedV1ToV2`.
@usableFromInline
package struct Upcaster: Sendable {
    /// What errors call it.
    package let name: String
    /// The version it reads; it gives `from + 1`.
    package let from: Int
    /// Old data to new data; both are JSON objects.
    package let upcast: @Sendable (JSONValue) throws -> JSONValue

    package init(name: String, from: Int, upcast: @escaping @Sendable (JSONValue) throws -> JSONValue) {
        self.name = name
        self.from = from
        self.upcast = upcast
    }
}
