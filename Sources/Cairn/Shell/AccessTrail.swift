package import CanonicalJSON
import Deciders
package import Determinism
package import EventLog

/// What somebody does with a store that its owner will want to know of later.
package enum Access: Equatable, Sendable {
    /// Hands out a part of the store; `selection` has what narrows it down, option by option.
    case export(format: String, selection: [String: String], to: AccessDestination)
    /// Begins a store of its own at a position of this one; `path` is nil where it isn't kept.
    case fork(at: Position, changes: [String: String], child: String, path: String?)
    /// Makes, takes in or drops a key, which `key` names without giving it away.
    case keyChange(AccessKeyChanged.Change, AccessKeyChanged.Kind, key: String, scope: String? = nil)
}

/// The record of who took something out of a store, or changed a key, and why: events in a stream of their own.
///
/// They belong to no worker, so replay takes them as input from outside. Redactions are recorded with the erasure itself.
package enum AccessTrail {
    package struct Receipt: Equatable, Sendable {
        /// What the event names: what is handed out ends here, so that no export holds the event of itself.
        package let head: TreeHead
        /// Why nothing was recorded, such as a medium that can only be read; nil if it was.
        package let obstacle: LogError?
    }

    package static var stream: StreamName {
        get throws(LogError) { try StreamName(category: AccessEvent.category, id: "trail") }
    }

    /// Records an access, which must happen after this and not before: whoever hands something out makes it first, records
    /// that, and then gives it its name, or lets it go.
    ///
    /// `head` is what the access is of, by default the log as it is.
    /// A store that can't be written isn't an error, since nobody should be kept from reading it by that: the receipt
    /// says so, and its user tells.
    package static func record(
        _ what: Access, by actor: Actor, reason: String? = nil, of head: TreeHead? = nil, in log: any Log,
        time: TimeSource = .system
    ) async throws -> Receipt {
        let head = try head ?? log.head()
        let event: AccessEvent =
            switch what {
            case .export(let format, let selection, let destination):
                .exported(
                    AccessExported(
                        by: actor, format: format, selection: selection, to: destination, head: head, reason: reason))
            case .fork(let position, let changes, let child, let path):
                .forked(
                    AccessForked(
                        by: actor, at: position, changes: changes, child: child, path: path, head: head, reason: reason)
                )
            case .keyChange(let change, let kind, let key, let scope):
                .keyChanged(
                    AccessKeyChanged(change, kind, key: key, scope: scope, by: actor, head: head, reason: reason))
            }
        do throws(LogError) {
            _ = try await log.append(commit(of: [event.payload], at: time.time()))
            return Receipt(head: head, obstacle: nil)
        } catch {
            guard [.readOnly, .full].contains(error.code) else { throw error }
            return Receipt(head: head, obstacle: error)
        }
    }

    /// Events of the trail that are recorded together or not at all.
    static func commit(of payloads: [any EventPayload], at time: Timestamp) throws(LogError) -> Commit {
        let metadata = EventMetadata(cause: nil, job: nil, run: nil, worker: nil).canonicalBytes()
        let events = payloads.map { payload in
            NewEvent(
                type: type(of: payload).type, version: payload.writtenVersion, time: time,
                data: payload.canonicalBytes(), metadata: metadata)
        }
        return Commit(stream: try stream, expected: .any, events: events)
    }

    /// What was recorded, oldest first.
    package static func entries(of log: any Log) throws -> [Entry] {
        try log.readStream(try stream).compactMap { event in
            try AccessEvent.read(event).map { Entry(position: event.position, time: event.time, event: $0) }
        }
    }

    /// One event of the trail.
    package struct Entry: Equatable, Sendable {
        package let position: Position
        package let time: Timestamp
        package let event: AccessEvent
    }
}

extension AccessTrail.Entry: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        let payload = event.payload
        writer.beginObject()
        writer.field("data") { $0.writeRawValue(payload.canonicalBytes()) }
        writer.field("position", position)
        writer.field("time", time)
        writer.field("type", type(of: payload).type)
        writer.endObject()
    }
}
