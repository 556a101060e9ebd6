import Determinism
package import EventLog

/// The native export, written from the record's bytes: nothing is parsed, and data and metadata are copied.
///
/// The lines are those of `JSONLines.line`, which is the definition; this is the way for many.
package struct NativeLines: LineForm {
    package init() {}

    package mutating func append(_ event: Event, to lines: inout [UInt8]) {
        guard event.hasPlainNames else {
            lines += JSONLines.line(event)
            return
        }
        lines.append("{\"commit\":{\"count\":")
        lines.append(decimal: UInt64(event.commitCount))
        lines.append(",\"id\":\"")
        event.withCommitID { id in id.withUnsafeBytes { lines.append(hex: $0) } }
        lines.append("\",\"index\":")
        lines.append(decimal: UInt64(event.indexInCommit))
        lines.append("},\"data\":")
        event.withData { lines.append($0) }
        lines.append(",\"leaf\":\"")
        event.withRecord { record in
            record.withUnsafeBytes { Digest.leaf($0) }.withBytes { lines.append(hex: $0) }
        }
        lines.append("\",\"metadata\":")
        event.withMetadata { lines.append($0) }
        lines.append(",\"position\":")
        lines.append(decimal: event.position.rawValue)
        lines.append(",\"revision\":")
        lines.append(decimal: event.revision.rawValue)
        lines.append(",\"stream\":\"")
        event.withStream { lines.append($0) }
        lines.append("\",\"time\":\"")
        lines.append(event.time)
        lines.append("\",\"type\":\"")
        event.withType { lines.append($0) }
        lines.append("\",\"version\":")
        lines.append(decimal: UInt64(event.version))
        lines.append("}\n")
    }
}
