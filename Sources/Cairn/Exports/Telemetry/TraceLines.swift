import Audit
import Calls
import CanonicalJSON
import Deciders
package import EventLog
import Experiments
import Jobs

/// Calls, jobs and runs as spans of OpenTelemetry, with the names of its GenAI conventions: lines of OTLP's JSON form, each
/// a `TracesData` with some spans.
///
/// A span is written where it ends: an attempt of a call when it was answered, failed or given up as unknown, an attempt of a
/// job when it was completed, failed, lost or given back, a run each time it was finished. Where it began is read from the log, so nothing is kept in between.
package struct TraceLines: LineForm {
    /// The conventions whose names are used.
    package static let conventions = "1.40.0"
    /// The events that end a span.
    package static let types: [EventType] =
        [
            CallCompleted.type, CallFailed.type, CallOutcomeUnknown.type, RunFinished.type,
        ] + TraceSpans.attemptEnds
    private static let spansPerLine = 100

    private let spans: TraceSpans
    private let head: [UInt8]
    private var pending: [[UInt8]] = []

    /// `version` is the program's.
    package init(of log: any Log, store: String, version: String) {
        spans = TraceSpans(log: log)
        head = Self.head(store: store, version: version)
    }

    package mutating func append(_ event: Event, to lines: inout [UInt8]) throws {
        guard let span = try spans.span(endedBy: event) else { return }
        pending.append(span.canonicalBytes())
        if pending.count == Self.spansPerLine { flush(to: &lines) }
    }

    package mutating func flush(to lines: inout [UInt8]) {
        guard !pending.isEmpty else { return }
        lines += head
        lines += pending.joined(separator: [UInt8(ascii: ",")])
        lines += "]}]}]}\n".utf8
        pending.removeAll(keepingCapacity: true)
    }

    /// What stands before the spans of a line.
    private static func head(store: String, version: String) -> [UInt8] {
        let schema = "https://opentelemetry.io/schemas/\(conventions)"
        let resource = [
            TraceAttribute(("service.name", .text("cairn"))), TraceAttribute(("service.version", .text(version))),
            TraceAttribute(("cairn.store", .text(store))),
        ]
        let attributes = String(decoding: resource.canonicalBytes(), as: UTF8.self)
        let scope = String(decoding: ["name": "cairn", "version": version].canonicalBytes(), as: UTF8.self)
        let text =
            "{\"resourceSpans\":[{\"resource\":{\"attributes\":\(attributes)},\"schemaUrl\":\"\(schema)\",\"scopeSpans\":"
            + "[{\"schemaUrl\":\"\(schema)\",\"scope\":\(scope),\"spans\":["
        return Array(text.utf8)
    }
}
