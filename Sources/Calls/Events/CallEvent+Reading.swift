package import Deciders
package import EventLog

extension CallEvent {
    /// The most frequent first, without a look at the list of types; all of them begin alike.
    package static func read(_ event: EventLog.Event) throws(CatalogueError) -> CallEvent? {
        guard event.typeBegins(with: "llm.") else { return nil }
        if let payload = try event.decode(if: CallStarted.self) { return .started(payload) }
        if let payload = try event.decode(if: CallCompleted.self) { return .completed(payload) }
        if let payload = try event.decode(if: CallFailed.self) { return .failed(payload) }
        return try readAny(event)
    }
}
