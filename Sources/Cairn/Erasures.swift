import Deciders
package import Determinism
package import EventLog
import Jobs

/// The blobs that the log says were erased on purpose.
package struct Erasures {
    /// By blob: events before this position may have named it.
    package private(set) var limits: [Digest: Position] = [:]

    package init(of log: any Log) throws {
        try log.scan(from: .first, to: nil, matching: EventFilter(types: [BlobsErased.type])) { event in
            let erased = try event.decode(BlobsErased.self)
            for digest in erased.digests {
                limits[digest] = max(limits[digest] ?? .first, erased.before)
            }
        }
    }

    /// Whether a blob was erased that an event at a position may have named.
    package func isErased(_ digest: Digest, namedAt position: Position) -> Bool {
        limits[digest].map { position < $0 } ?? false
    }
}
