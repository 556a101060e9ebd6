package import CanonicalJSON
package import Deciders
import Determinism
package import EventLog
import Jobs

/// The events of the stream `access-trail`: who took something out of the store, took something away from it, or changed
/// a key, and why.
package enum AccessEvent: EventFamily {
    case exported(AccessExported)
    case redacted(AccessRedacted)
    case forked(AccessForked)
    case keyChanged(AccessKeyChanged)

    /// The category of the stream.
    package static let category = "access"

    package static let types: [any EventPayload.Type] = [
        AccessExported.self, AccessRedacted.self, AccessForked.self, AccessKeyChanged.self,
    ]

    package var payload: any EventPayload {
        switch self {
        case .exported(let payload): payload
        case .redacted(let payload): payload
        case .forked(let payload): payload
        case .keyChanged(let payload): payload
        }
    }

    package init?(_ payload: any EventPayload) {
        switch payload {
        case let payload as AccessExported: self = .exported(payload)
        case let payload as AccessRedacted: self = .redacted(payload)
        case let payload as AccessForked: self = .forked(payload)
        case let payload as AccessKeyChanged: self = .keyChanged(payload)
        default: return nil
        }
    }
}

/// Something of the store was handed out; recorded before the first byte of it leaves.
package struct AccessExported: EventPayload {
    package static let type = EventType("access.exported")
    package static let version = 1
    /// How long a value of `selection` may be, in code points.
    package static let longestValue = 1_000

    package let actor: Actor
    package let destination: AccessDestination
    /// `jsonl`, `sqlite`, `bundle` and the like.
    package let format: String
    /// The log as it was: nothing behind it is in what was handed out.
    package let head: TreeHead
    /// Why, in that person's words; nil where they said nothing.
    package let reason: String?
    /// What narrowed it down: options by name, such as `run`, `type` or `from`; empty for everything.
    package let selection: [String: String]

    package init(
        by actor: Actor, format: String, selection: [String: String], to destination: AccessDestination,
        head: TreeHead, reason: String?
    ) {
        self.actor = actor
        self.destination = destination
        self.format = format.prefix(codePoints: 100)
        self.head = head
        self.reason = reason.prefix(codePoints: JobUnlocked.longestNote)
        self.selection = selection.mapValues { $0.prefix(codePoints: Self.longestValue) }
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("actor", actor)
        writer.field("destination", destination)
        writer.field("format", format)
        writer.field("head", RecordedHead(head))
        writer.optionalField("reason", reason)
        writer.field("selection", selection)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        actor = try reader.field("actor")
        destination = try reader.field("destination")
        format = try reader.text("format", atMost: 100)
        head = (try reader.field("head") as RecordedHead).head
        reason = try reader.optionalText("reason", atMost: 500)
        selection = try reader.field("selection")
        try reader.endObject()
    }
}

/// Content was erased; the events `blob.erased` of the same commit name the blobs.
package struct AccessRedacted: EventPayload {
    package static let type = EventType("access.redacted")
    package static let version = 1

    package let actor: Actor
    /// How many blobs.
    package let blobs: Int
    package let head: TreeHead
    /// Keys of data that were dropped with it: what they sealed can't be read any more.
    package let keys: [String]
    /// Why, in that person's words.
    package let reason: String
    /// How many of the blobs others named, too.
    package let shared: Int
    package let target: RedactionTarget

    package init(
        of target: RedactionTarget, by actor: Actor, blobs: Int, shared: Int, keys: [String], head: TreeHead,
        reason: String
    ) {
        self.actor = actor
        self.blobs = blobs
        self.head = head
        self.keys = keys
        self.reason = reason.prefix(codePoints: JobUnlocked.longestNote)
        self.shared = shared
        self.target = target
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("actor", actor)
        writer.field("blobs", blobs)
        writer.field("head", RecordedHead(head))
        writer.field("keys", keys)
        writer.field("reason", reason)
        writer.field("shared", shared)
        writer.field("target", target)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        actor = try reader.field("actor")
        blobs = try reader.integer("blobs", atLeast: 0)
        head = (try reader.field("head") as RecordedHead).head
        keys = try reader.field("keys")
        reason = try reader.text("reason", atMost: 500)
        shared = try reader.integer("shared", atLeast: 0)
        target = try reader.field("target")
        try reader.endObject()
    }
}

/// A store of its own was begun from this one's past, with something changed.
package struct AccessForked: EventPayload {
    package static let type = EventType("access.forked")
    package static let version = 1

    package let actor: Actor
    /// The first position that the fork doesn't share.
    package let at: Position
    /// What was changed, by name.
    package let changes: [String: String]
    /// The id of the fork's store.
    package let child: String
    package let head: TreeHead
    /// The last part of the fork's path; nil where it wasn't kept.
    package let name: String?
    /// Why, in that person's words; nil where they said nothing.
    package let reason: String?

    package init(
        by actor: Actor, at: Position, changes: [String: String], child: String, path: String?, head: TreeHead,
        reason: String?
    ) {
        self.actor = actor
        self.at = at
        self.changes = changes.mapValues { $0.prefix(codePoints: AccessExported.longestValue) }
        self.child = child.prefix(codePoints: 100)
        self.head = head
        name = path.flatMap { AccessDestination.directory($0).name }
        self.reason = reason.prefix(codePoints: JobUnlocked.longestNote)
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("actor", actor)
        writer.field("at", at)
        writer.field("changes", changes)
        writer.field("child", child)
        writer.field("head", RecordedHead(head))
        writer.optionalField("name", name)
        writer.optionalField("reason", reason)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        actor = try reader.field("actor")
        at = try reader.field("at")
        changes = try reader.field("changes")
        child = try reader.text("child", atMost: 100)
        head = (try reader.field("head") as RecordedHead).head
        name = try reader.optionalText("name", atMost: 200)
        reason = try reader.optionalText("reason", atMost: 500)
        try reader.endObject()
    }
}

/// A key that the store holds was made, taken in, or dropped.
///
/// The key itself is never in an event.
package struct AccessKeyChanged: EventPayload {
    package static let type = EventType("access.keyChanged")
    package static let version = 1

    package enum Change: String, Sendable, CaseIterable, CanonicalCodable {
        case created, dropped, imported
    }

    package enum Kind: String, Sendable, CaseIterable, CanonicalCodable {
        /// Of those who may use the store from outside.
        case api
        /// Seals blobs: of one run or subject, or of what nobody owns alone.
        case data
        /// Signs heads.
        case signing
        /// Seals the keys of data.
        case store
        /// Another's, whose signature under a head is believed.
        case witness
    }

    package let actor: Actor
    package let change: Change
    package let head: TreeHead
    /// Names the key without giving it away: a number of its own, or a hash of its public half.
    package let key: String
    package let kind: Kind
    /// Why, in that person's words; nil where they said nothing.
    package let reason: String?
    /// What a key of data is for, as in `run:ID`; nil for other keys.
    package let scope: String?

    package init(
        _ change: Change, _ kind: Kind, key: String, scope: String?, by actor: Actor, head: TreeHead, reason: String?
    ) {
        self.actor = actor
        self.change = change
        self.head = head
        self.key = key.prefix(codePoints: 200)
        self.kind = kind
        self.reason = reason.prefix(codePoints: JobUnlocked.longestNote)
        self.scope = scope.prefix(codePoints: 300)
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("actor", actor)
        writer.field("change", change)
        writer.field("head", RecordedHead(head))
        writer.field("key", key)
        writer.field("kind", kind)
        writer.optionalField("reason", reason)
        writer.optionalField("scope", scope)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        actor = try reader.field("actor")
        change = try reader.field("change")
        head = (try reader.field("head") as RecordedHead).head
        key = try reader.text("key", atMost: 200)
        kind = try reader.field("kind")
        reason = try reader.optionalText("reason", atMost: 500)
        scope = try reader.optionalText("scope", atMost: 300)
        try reader.endObject()
    }
}

extension AccessEvent {
    /// Who did it.
    package var actor: Actor {
        switch self {
        case .exported(let event): event.actor
        case .redacted(let event): event.actor
        case .forked(let event): event.actor
        case .keyChanged(let event): event.actor
        }
    }

    /// Why, in that person's words; nil where they said nothing.
    package var reason: String? {
        switch self {
        case .exported(let event): event.reason
        case .redacted(let event): event.reason
        case .forked(let event): event.reason
        case .keyChanged(let event): event.reason
        }
    }
}
