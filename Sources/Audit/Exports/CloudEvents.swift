package import EventLog

/// Events as CloudEvents 1.0.2 in the structured mode of its JSON format, one a line.
///
/// Nothing of an event is lost: what CloudEvents has no attribute for is an extension. `id` is the position, so that
/// `source` and `id` together name an event for good, and its metadata is the text of a JSON object, since an extension
/// can't hold one.
package struct CloudEvents: LineForm {
    /// What `source` begins with, a tag URI (RFC 4151); the id of the store follows.
    package static let sourcePrefix = "tag:cairn.dev,2026:store/"

    /// Where the schemas are named; type, version and `.json` follow.
    private static let schemas: StaticString = "https://cairn.dev/schemas/events/"

    private let source: [UInt8]

    /// `store` is the id in the store's manifest.
    package init(store: String) { source = Array((Self.sourcePrefix + store).utf8) }

    package mutating func append(_ event: Event, to lines: inout [UInt8]) throws {
        guard event.hasPlainNames else {
            throw LogError(
                .damaged(event.position), during: "exporting the event at position \(event.position)",
                "its stream or its type is no name; `cairn audit verify` says more")
        }
        lines.append("{\"cairncommit\":\"")
        event.withCommitID { id in id.withUnsafeBytes { lines.append(hex: $0) } }
        lines.append("\",\"cairnmetadata\":\"")
        event.withMetadata { lines.append(escaping: $0) }
        lines.append("\",\"cairnrevision\":\"")
        lines.append(decimal: event.revision.rawValue)
        lines.append("\",\"cairnversion\":")
        lines.append(decimal: UInt64(event.version))
        lines.append(",\"data\":")
        event.withData { lines.append($0) }
        lines.append(",\"datacontenttype\":\"application/json\",\"dataschema\":\"")
        lines.append(Self.schemas)
        event.withType { lines.append($0) }
        lines.append(".v")
        lines.append(decimal: UInt64(event.version))
        lines.append(".json\",\"id\":\"")
        lines.append(decimal: event.position.rawValue)
        lines.append("\",\"partitionkey\":\"")
        event.withStream { lines.append($0) }
        lines.append("\",\"source\":\"")
        lines += source
        lines.append("\",\"specversion\":\"1.0\",\"subject\":\"")
        event.withStream { lines.append($0) }
        lines.append("\",\"time\":\"")
        lines.append(event.time)
        lines.append("\",\"type\":\"")
        event.withType { lines.append($0) }
        lines.append("\"}\n")
    }
}
