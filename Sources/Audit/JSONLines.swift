package import CanonicalJSON
package import Determinism
package import EventLog

/// The native export: one canonical JSON object a line, one line an event.
///
/// A line holds every field of the record (`schemas/log-format.md`), so that the record's bytes, its leaf hash and the
/// log's head can be computed from the export alone.
package enum JSONLines {
    /// The bytes of a blob, as they go into a line.
    package struct InlineBlob: Equatable, Sendable {
        package let digest: Digest
        /// Nil when they can't be had.
        package let bytes: [UInt8]?
        /// Why there are none; `present` where there are.
        package let state: BlobState

        /// `absence` says why there are no bytes, where there are none.
        package init(digest: Digest, bytes: [UInt8]?, absence: BlobState = .missing) {
            self.digest = digest
            self.bytes = bytes
            state = bytes == nil ? absence : .present
        }
    }

    /// One line with its line feed; `blobs` is nil when they aren't wanted in the line.
    package static func line(_ event: Event, blobs: [InlineBlob]? = nil) -> [UInt8] {
        var writer = CanonicalWriter(reservingCapacity: 1024)
        writer.beginObject()
        if let blobs { writer.field("blobs") { encode(blobs, to: &$0) } }
        writer.field("commit") { writer in
            writer.beginObject()
            writer.field("count", event.commitCount)
            writer.field("id", "\(event.commitID)")
            writer.field("index", event.indexInCommit)
            writer.endObject()
        }
        writer.field("data") { $0.writeRawValue(event.dataBytes) }
        writer.field("leaf", leaf(event).hex)
        writer.field("metadata") { $0.writeRawValue(event.metadataBytes) }
        writer.field("position", event.position)
        writer.field("revision", event.revision)
        writer.field("stream", event.stream)
        writer.field("time", event.time.description)
        writer.field("type", event.type)
        writer.field("version", event.version)
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private static func leaf(_ event: Event) -> Digest {
        Digest.leaf(event.record)
    }

    private static func encode(_ blobs: [InlineBlob], to writer: inout CanonicalWriter) {
        var seen: Set<Digest> = []
        writer.beginObject()
        for blob in blobs.sorted(by: { $0.digest.hex < $1.digest.hex }) where seen.insert(blob.digest).inserted {
            writer.field(dynamic: blob.digest.hex, blob)
        }
        writer.endObject()
    }
}

/// `{"text": …}` for UTF-8, `{"base64": …}` for other bytes, and for bytes that can't be had why: `{"erased": true}`,
/// `{"sealed": true}` or `{"missing": true}`.
extension JSONLines.InlineBlob: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        if let bytes {
            if let text = String(validating: bytes, as: UTF8.self) {
                writer.field("text", text)
            } else {
                writer.field("base64", Base64.text(bytes))
            }
        } else {
            writer.field(dynamic: state.rawValue, true)
        }
        writer.endObject()
    }
}
