public import CanonicalJSON
public import EventLog

/// Why a recorded event can't be read as the payload that was asked for.
@usableFromInline
package struct CatalogueError: Error, Equatable, Sendable {
    @usableFromInline
    package enum Code: Equatable, Sendable {
        /// The event is of another type.
        case otherType(expected: EventType)
        /// A newer program wrote it; `known` is the newest version that this one reads.
        case newerVersion(known: Int)
        /// No step leads on from this version.
        case noUpcaster(from: Int)
        /// A step couldn't make sense of the old data.
        case upcasterFailed(String, reason: String)
        /// The data isn't the canonical JSON of the payload.
        case malformed(JSONError)
    }

    package let code: Code
    package let position: Position
    package let type: EventType
    package let version: Int

    @usableFromInline
    package init(_ code: Code, in event: EventLog.Event) {
        self.code = code
        position = event.position
        type = event.type
        version = event.version
    }
}

extension CatalogueError: CustomStringConvertible {
    @usableFromInline
    package var description: String {
        "can't read event \(position.rawValue) (\(type) v\(version)): \(reason)"
    }

    private var reason: String {
        switch code {
        case .otherType(let expected):
            "\(expected) was asked for"
        case .newerVersion(let known):
            "this program knows versions up to \(known); use the release that wrote it, or a later one"
        case .noUpcaster(let from):
            "no upcaster leads from version \(from) to \(from + 1)"
        case .upcasterFailed(let name, let reason):
            "the upcaster \(name) failed: \(reason)"
        case .malformed(let error):
            "its data isn't what its schema says: \(error)"
        }
    }
}
