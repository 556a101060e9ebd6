package import Deciders
package import EventLog

extension JobEvent {
    /// The most frequent first, without a look at the list of types; all of them begin alike.
    package static func read(_ event: EventLog.Event) throws(CatalogueError) -> JobEvent? {
        guard event.typeBegins(with: "job.") else { return nil }
        if let payload = try event.decode(if: JobSubmitted.self) { return .submitted(payload) }
        if let payload = try event.decode(if: JobLeased.self) { return .leased(payload) }
        if let payload = try event.decode(if: JobCompleted.self) { return .completed(payload) }
        if let payload = try event.decode(if: JobFailed.self) { return .failed(payload) }
        return try readAny(event)
    }
}
