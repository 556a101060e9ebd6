import Audit
package import CanonicalJSON
import Deciders
import Determinism
package import EventLog
import Jobs

/// Lets a store seal its blobs: those that it has, and all that come.
package enum StoreEncryption {
    /// What came of it.
    package struct Receipt: Equatable, Sendable {
        /// Blobs that weren't sealed before.
        package let sealed: Int
        /// Names the store's key.
        package let key: String
        package let head: TreeHead
    }

    /// Makes the store's key if it has none, and seals what isn't sealed yet; killed in between, it goes on when repeated.
    ///
    /// Throws `.invalid` while another process has the store open.
    package static func encrypt(_ path: String, by actor: Actor, reason: String?) async throws -> Receipt {
        try await StoreCareLock.hold(alone: true, of: path) {
            let before = try Store.log(at: path)
            let (isNew, isReadOnly) = (!before.manifest.isEncrypted, before.isReadOnly)
            before.close()
            guard !isReadOnly else {
                throw LogError(.readOnly, during: "encrypting \(path)", "its files can't be written")
            }
            if isNew { try LMDBLog.makeEncrypted(path) }
            let log = try Store.log(at: path)
            defer { log.close() }
            guard let key = log.storeKeyName else {
                throw LogError(
                    .invalid, during: "encrypting \(path)",
                    "the store is encrypted, and its keys aren't here; copy its directory keys/ to this place")
            }
            if isNew {
                _ = try await AccessTrail.record(
                    .keyChange(.created, .store, key: key), by: actor, reason: reason, in: log)
            }
            let scopes = try scopes(of: log)
            let sealed = try await log.sealBlobs { scopes[$0] ?? "store" }
            let head = try log.head()
            try log.rewriteBlobs()
            return Receipt(sealed: sealed, key: key, head: head)
        }
    }

    /// By blob, whose it is; what several scopes name belongs to none of them.
    private static func scopes(of log: LMDBLog) throws -> [Digest: String] {
        let subjects = SubjectScopes()
        var scopes: [Digest: String] = [:]
        try log.scan { event in
            let named = try Catalogues.events.blobs(namedBy: event)
            if named.isEmpty { return }
            let metadata = try event.metadata()
            let ofRun = metadata.run.map { "run:" + $0 } ?? "store"
            let scope = try metadata.job.map { try subjects.scope(of: $0, orElse: ofRun, in: log) } ?? ofRun
            for digest in named {
                scopes[digest] = scopes[digest].map { $0 == scope ? scope : "store" } ?? scope
            }
        }
        return scopes
    }
}

extension LMDBLog {
    /// Drops the keys of data that an event says are dropped, and that are still here.
    func finishDropping() throws {
        var names: [String] = []
        try scan(matching: EventFilter(types: [AccessKeyChanged.type])) { event in
            let changed = try event.decode(AccessKeyChanged.self)
            if changed.change == .dropped, changed.kind == .data { names.append(changed.key) }
        }
        try dropKeys(names)
    }
}

extension StoreEncryption.Receipt: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("events", Int(head.size))
        writer.field("head", head.root.hex)
        writer.field("key", key)
        writer.field("sealed", sealed)
        writer.endObject()
    }
}
