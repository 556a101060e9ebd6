public import CanonicalJSON
public import Determinism
public import EventLog

/// The data of one type of event, in the version that this program writes.
///
/// Older versions are read through `upcasters`, one step each. Fields say what they mean, when they are empty, and how
/// they relate to others.
@usableFromInline
package protocol EventPayload: CanonicalCodable, Sendable, Equatable {
    /// The name of the event, as in `job.leased`.
    static var type: EventType { get }
    /// The schema version that is written; from 1.
    static var version: Int { get }
    /// The oldest version whose data is read as it stands: since then fields were added that may be missing.
    static var readableFrom: Int { get }
    /// One step for each version before that which a log may hold.
    static var upcasters: [Upcaster] { get }
    /// The version that this value is written in: an older one where a recorded run is executed again.
    var writtenVersion: Int { get }
    /// The blobs that the data names, so that an export can bring them along and an audit can miss them.
    var blobs: [Digest] { get }
    /// The blobs that are erased on purpose from this event on; nil for nearly all events.
    var erasure: Erasure? { get }
}

/// Blobs that an event says are erased, so that an audit doesn't take them for lost.
@usableFromInline
package struct Erasure: Equatable, Sendable {
    package let blobs: [Digest]
    /// Events before this position may have named them; one that names them later needs them.
    package let before: Position

    package init(blobs: [Digest], before: Position) {
        self.blobs = blobs
        self.before = before
    }
}

extension EventPayload {
    package static var readableFrom: Int { version }
    package static var upcasters: [Upcaster] { [] }
    package var writtenVersion: Int { Self.version }
    package var blobs: [Digest] { [] }
    package var erasure: Erasure? { nil }
}

/// The events of one decider: an enum with one case for each payload.
@usableFromInline
package protocol EventFamily: Sendable, Equatable {
    /// What is recorded.
    var payload: any EventPayload { get }
    /// The case of a payload, or nil if it belongs to another family.
    init?(_ payload: any EventPayload)
    /// All payloads of the family.
    static var types: [any EventPayload.Type] { get }
    /// The case of a recorded event, or nil if its type isn't of this family.
    ///
    /// Families whose events are many look for the most frequent ones themselves, and then call `readAny`.
    static func read(_ event: EventLog.Event) throws(CatalogueError) -> Self?
}

extension EventFamily {
    package static func read(_ event: EventLog.Event) throws(CatalogueError) -> Self? { try readAny(event) }

    /// As `read`, by way of the list of types.
    package static func readAny(_ event: EventLog.Event) throws(CatalogueError) -> Self? {
        for payload in types where event.hasType(payload.type) {
            let decoded: any EventPayload = try event.decode(payload)
            guard let known = Self(decoded) else {
                preconditionFailure("\(Self.self) lists \(payload) in its types and has no case for it")
            }
            return known
        }
        return nil
    }
}

extension EventLog.Event {
    /// The payload if the event is of its type, else nil.
    ///
    /// Inlinable, as `decode` is, so that the modules of the payloads compile it for them.
    @inlinable
    package func decode<P: EventPayload>(if payload: P.Type) throws(CatalogueError) -> P? {
        hasType(P.type) ? try decode(payload) : nil
    }

    /// The payload, brought to the version of `P` by its upcasters.
    ///
    /// A newer version than `P`'s is an error that names it: this program can't know what it means.
    @inlinable
    package func decode<P: EventPayload>(_ payload: P.Type) throws(CatalogueError) -> P {
        guard hasType(P.type) else {
            throw CatalogueError(.otherType(expected: P.type), in: self)
        }
        let recorded = version
        if recorded > P.version { throw CatalogueError(.newerVersion(known: P.version), in: self) }
        if recorded < P.readableFrom { return try upcast(payload, from: recorded) }
        do throws(JSONError) {
            return try withData { (bytes) throws(JSONError) -> P in try P(canonicalBytes: bytes) }
        } catch {
            throw CatalogueError(.malformed(error), in: self)
        }
    }

    @usableFromInline
    func upcast<P: EventPayload>(_ payload: P.Type, from recorded: Int) throws(CatalogueError) -> P {
        var data = try parsed()
        for version in recorded..<P.readableFrom {
            guard let step = P.upcasters.first(where: { $0.from == version }) else {
                throw CatalogueError(.noUpcaster(from: version), in: self)
            }
            do {
                data = try step.upcast(data)
            } catch {
                throw CatalogueError(.upcasterFailed(step.name, reason: "\(error)"), in: self)
            }
        }
        do throws(JSONError) {
            return try P(canonicalBytes: data.canonicalBytes())
        } catch {
            throw CatalogueError(.malformed(error), in: self)
        }
    }

    private func parsed() throws(CatalogueError) -> JSONValue {
        do throws(JSONError) {
            return try JSONParser.parse(dataBytes)
        } catch {
            throw CatalogueError(.malformed(error), in: self)
        }
    }
}
