package import CanonicalJSON
package import Determinism
package import EventLog
import Synchronization

/// Tells what became of blobs whose bytes can't be had: the one place that knows.
///
/// Reads the log's erasures when it is first asked about a blob that isn't there, and what came since when one is missing.
package final class BlobStates: Sendable {
    private let log: LMDBLog
    /// As far as they were read; nil before the first question.
    private let known = Mutex<Erasures?>(nil)

    package init(of log: LMDBLog) { self.log = log }

    /// What became of a blob that an event at a position names.
    package func state(of digest: Digest, namedAt position: Position) throws -> BlobState {
        try log.blob(digest) == nil ? absence(of: digest, namedAt: position) : .present
    }

    /// Why a blob can't be read that an event at a position names; never `present`.
    package func absence(of digest: Digest, namedAt position: Position) throws -> BlobState {
        if try log.isSealed(digest) { return .sealed }
        return try erasures { $0.isErased(digest, namedAt: position) } ? .erased : .missing
    }

    /// What is known of a blob that can't be read and that an event at a position names.
    package func withheld(_ digest: Digest, namedAt position: Position) throws -> WithheldBlob {
        let state = try absence(of: digest, namedAt: position)
        return WithheldBlob(
            digest: digest, state: state,
            note: state == .erased ? known.withLock { $0?.note(on: digest) } : nil)
    }

    /// Whether the log says so, with what it says by now.
    private func erasures(_ isSo: (Erasures) -> Bool) throws -> Bool {
        try known.withLock { known in
            guard var erasures = known else {
                let erasures = try Erasures(of: log)
                known = erasures
                return isSo(erasures)
            }
            if isSo(erasures) { return true }
            guard try erasures.catchUp(with: log) else { return false }
            known = erasures
            return isSo(erasures)
        }
    }
}

/// A blob whose bytes can't be had, and why.
package struct WithheldBlob: Equatable, Sendable {
    package let digest: Digest
    /// Never `present`.
    package let state: BlobState
    /// Who erased it, if somebody did.
    package let note: Erasures.Note?

    package init(digest: Digest, state: BlobState, note: Erasures.Note? = nil) {
        self.digest = digest
        self.state = state
        self.note = note
    }

    /// As in `was erased by ada at position 290: withdrew consent`.
    package var reason: String {
        switch state {
        case .present: "is there"
        case .erased:
            note.map { "was erased by \($0.by) at position \($0.position): \($0.why)" } ?? "was erased"
        case .sealed: "is sealed, and the key isn't here"
        case .missing: "is missing: no event says that it was erased"
        }
    }

    /// What may bring it back; nil when nothing in the store's reach does.
    package var remedy: String? {
        switch state {
        case .present: nil
        case .erased: nil
        case .sealed: "put the store's keys/ back into its directory"
        case .missing: "take it from a backup; `cairn audit verify` says what else is missing"
        }
    }
}

extension WithheldBlob: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("blob", digest)
        writer.optionalField("by", note?.by)
        writer.optionalField("position", note?.position)
        writer.field("state", state)
        writer.optionalField("time", note?.time)
        writer.optionalField("why", note?.why)
        writer.endObject()
    }
}

/// What was asked for needs content that can't be had.
package struct WithheldContent: Error, Equatable, CustomStringConvertible {
    /// What it is, as in `the definition of the run 4f…`.
    package let what: String
    package let blob: WithheldBlob
    /// What can be done without it; nil where it is the blob's own remedy.
    package let instead: String?

    package init(_ what: String, _ blob: WithheldBlob, instead: String? = nil) {
        self.what = what
        self.blob = blob
        self.instead = instead
    }

    package var description: String { "\(what) \(blob.reason) (blob \(blob.digest.hex))" }

    package var remedy: String? {
        let remedies = [blob.remedy, instead].compactMap(\.self)
        return remedies.isEmpty ? nil : remedies.joined(separator: "; or ")
    }
}
