import CanonicalJSON
import Determinism
import EventLog

extension ExportTables {
    static let events = ExportTable(
        "events", "One row a recorded event.", key: ["position"], from: [],
        TableDefinition<CircumstancedEvent>()
            .position("position", "Its place in the log") { $0.event.position }
            .text("type", "What happened, such as llm.callCompleted") { $0.event.type.text }
            .integer("version", "The version of the data's schema, as it was recorded") { $0.event.version }
            .moment("time", "When it happened") { $0.event.time }
            .text("stream", "What it happened to: the stream's name") { $0.event.stream.text }
            .text("category", "The kind of stream: the part of its name before the first hyphen") {
                $0.event.stream.category
            }
            .integer("revision", "Its place in the stream, from 0") { Int(clamping: $0.event.revision.rawValue) }
            .text("run", "The run that it belongs to; empty for none") { $0.metadata.run }
            .text("job", "The job that it belongs to; empty for none") { $0.metadata.job }
            .text("worker", "Who recorded it; empty when nobody is named") { $0.metadata.worker }
            .text("function", "The pure function that it was derived by; empty for what was observed") {
                $0.metadata.cause?.function?.name
            }
            .integer("function_version", "That function's version") { $0.metadata.cause?.function?.version }
            .text("commit_id", "The commit that it was recorded with") { $0.event.commitID.hex }
            .integer("commit_index", "Its place in the commit, from 0") { $0.event.indexInCommit }
            .digest("leaf", "The hash of its record, a leaf of the log's Merkle tree") { $0.leaf }
            .text("data", "What happened; JSON, as it was recorded") { $0.data }
            .text("metadata", "Cause, run, job and worker; JSON, as it was recorded") { $0.metadataText }
    ) { source, body in
        try source.log.scan(from: source.first, to: source.end, matching: .all) { event in
            try body(CircumstancedEvent(event: event, metadata: try event.metadata()))
        }
    }

    static let eventCauses = ExportTable(
        "event_causes", "One row an earlier event that an event was derived from or caused by.",
        key: ["position", "ordinal"], from: [],
        TableDefinition<(event: Event, ordinal: Int, cause: Position)>()
            .position("position", "The event") { $0.event.position }
            .integer("ordinal", "The cause's place among the event's causes, from 0") { $0.ordinal }
            .position("cause_position", "The earlier event") { $0.cause }
    ) { source, body in
        try source.log.scan(from: source.first, to: source.end, matching: .all) { event in
            for (ordinal, cause) in (try event.metadata().cause?.positions ?? []).enumerated() {
                try body((event, ordinal, cause))
            }
        }
    }

    struct CircumstancedEvent {
        let event: Event
        let metadata: EventMetadata

        var leaf: Digest { event.withRecord { record in record.withUnsafeBytes { Digest.leaf($0) } } }
        var data: String { String(decoding: event.dataBytes, as: UTF8.self) }
        var metadataText: String { String(decoding: event.metadataBytes, as: UTF8.self) }
    }
}
