package import CanonicalJSON
import Deciders
package import EventLog

/// Stands in a copy where the original has an event that the copy wasn't given, so that all others keep their positions.
package struct LogWithheld: EventPayload {
    package static let type = EventType("log.withheld")
    package static let version = 1
    /// Where copies keep them.
    static let category = "withheld"

    package init() {}

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        try reader.endObject()
    }
}
