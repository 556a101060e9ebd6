package import Deciders
package import EventLog

extension ScoreEvent {
    /// The most frequent first, without a look at the list of types.
    package static func read(_ event: EventLog.Event) throws(CatalogueError) -> ScoreEvent? {
        if let payload = try event.decode(if: ScoreComputed.self) { return .computed(payload) }
        return try readAny(event)
    }
}
