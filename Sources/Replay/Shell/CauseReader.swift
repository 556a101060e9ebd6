import Deciders
import Determinism
import EventLog

/// Reads what derivations ask for, for one thread: events, and blobs, of which it remembers small ones.
///
/// Thousands of events in a row cite the same policy, rubric or price, and each blob is hashed again when it is read.
final class CauseReader {
    private static let places = 256
    private static let largestKept = 16 << 10

    private let log: any Log
    /// By the last bits of their digests; one that falls on another's place takes it.
    private var kept: [(digest: Digest, bytes: [UInt8])?]

    init(_ log: any Log) {
        self.log = log
        kept = Array(repeating: nil, count: Self.places)
    }

    /// The event at a position before `limit`; nil if there is none.
    func event(at position: Position, before limit: Position) throws(LogError) -> Event? {
        position < limit ? try log.event(at: position) : nil
    }

    /// The bytes of a blob; nil if it isn't in the store.
    func blob(_ digest: Digest) throws(LogError) -> [UInt8]? {
        let place = digest.withBytes { Int($0[Digest.byteCount - 1]) } % Self.places
        if let known = kept[place], known.digest == digest { return known.bytes }
        guard let bytes = try log.blob(digest) else { return nil }
        if bytes.count <= Self.largestKept { kept[place] = (digest, bytes) }
        return bytes
    }
}
