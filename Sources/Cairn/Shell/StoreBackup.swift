import Audit
package import CanonicalJSON
import Determinism
package import EventLog
import Glibc

/// Copies of stores: made while others append, verified before they get their name.
package enum StoreBackup {
    /// A copy that was made.
    package struct Receipt: Equatable, Sendable {
        package let path: String
        /// A head that the store had; the copy has exactly its events.
        package let head: TreeHead
        /// How many bytes it has on disk.
        package let bytes: Int
    }

    /// Copies a store's log and blobs into an empty or missing directory; read models are made anew where it is opened.
    ///
    /// Others may go on appending. Throws `.damaged` when the copy can't be verified.
    package static func backup(_ store: String, to target: String, compacting: Bool = false) throws -> Receipt {
        try refuse(target, inside: store, during: "backing up \(store) to \(target)")
        return try StoreCareLock.hold(alone: false, of: store) {
            let log = try open(store)
            defer { log.close() }
            return try copy(log, to: target, compacting: compacting, operation: "backing up \(store) to \(target)")
        }
    }

    /// What was to be restored is no backup.
    package struct Absent: Error, Equatable, CustomStringConvertible {
        package let path: String
        /// Why not, from whoever looked.
        package let reason: String

        package var description: String { "there is no backup at \(path): \(reason)" }
        package var remedy: String { "check the path; `cairn store backup DIRECTORY` makes one" }
    }

    /// Makes a store of a backup, which is verified first, in an empty or missing directory.
    ///
    /// Throws `Absent` where there is none.
    package static func restore(_ backup: String, to target: String) throws -> Receipt {
        let operation = "restoring \(backup) to \(target)"
        try refuse(target, inside: backup, during: operation)
        let log = try openBackup(backup)
        defer { log.close() }
        try verify(log, operation)
        return try copy(log, to: target, compacting: false, operation: operation)
    }

    /// A copy in what it is a copy of would go where that goes, and be taken for a part of it.
    private static func refuse(_ target: String, inside store: String, during operation: String) throws(LogError) {
        guard let store = StoreSurroundings.resolved(store), let place = StoreSurroundings.nearest(target) else {
            return
        }
        guard place == store || place.hasPrefix(store + "/") else { return }
        throw LogError(
            .invalid, during: operation,
            "\(target) is in the directory that is to be copied; name one outside it, best on another disk")
    }

    private static func openBackup(_ path: String) throws -> LMDBLog {
        do throws(LogError) {
            return try LMDBLog.open(at: path, readingOnly)
        } catch {
            guard error.code == .notAStore else { throw error }
            throw Absent(path: path, reason: reason(error, path))
        }
    }

    private static func reason(_ error: LogError, _ path: String) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { return "there is nothing of that name" }
        if status.st_mode & S_IFMT != S_IFDIR { return "it is no directory" }
        if stat(path + "/store.json", &status) != 0 { return "it has no store.json" }
        return error.message
    }

    private static var readingOnly: LMDBLog.Options {
        var options = LMDBLog.Options(access: .readOnly)
        options.checksPages = true
        return options
    }

    private static func open(_ store: String) throws(LogError) -> LMDBLog {
        PendingErasure(of: store).finishIfPossible()
        do throws(LogError) {
            return try LMDBLog.open(at: store, LMDBLog.Options(access: .mustExist))
        } catch {
            guard error.code == .readOnly else { throw error }
            return try LMDBLog.open(at: store, LMDBLog.Options(access: .readOnly))
        }
    }

    private static func copy(
        _ log: LMDBLog, to path: String, compacting: Bool, operation: String
    ) throws -> Receipt {
        let target = try StoreTarget(path, operation: operation)
        try log.copy(to: target.partial, compacting: compacting)
        let copied = try LMDBLog.open(at: target.partial, readingOnly)
        defer { copied.close() }
        let head = try verify(copied, operation)
        guard try log.head(ofSize: head.size) == head else {
            throw LogError(.damaged(nil), during: operation, "the copy has a head that the store never had")
        }
        copied.close()
        try target.finish()
        return Receipt(path: target.path, head: head, bytes: DataFiles.bytes(of: target.path))
    }

    /// What `cairn audit verify` looks at, and as strictly.
    @discardableResult
    private static func verify(_ log: LMDBLog, _ operation: String) throws -> TreeHead {
        let report = try Auditor(log: log, catalogue: Catalogues.events).verify()
        if case .broken(let finding) = report.verdict {
            throw LogError(.damaged(finding.position), during: operation, "\(log.directory): \(report.verdict)")
        }
        return try log.head()
    }
}

/// The data files of a store.
enum DataFiles {
    static let parts = ["log", "blobs", "views"]

    static func bytes(of store: String, parts: [String] = parts) -> Int {
        parts.reduce(0) { sum, part in
            var status = stat()
            return stat("\(store)/\(part)/data.mdb", &status) == 0 ? sum + Int(status.st_size) : sum
        }
    }
}

extension StoreBackup.Receipt: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("bytes", bytes)
        writer.field("events", Int(head.size))
        writer.field("head", head.root.hex)
        writer.field("path", path)
        writer.field("size", Int(head.size))
        writer.endObject()
    }
}
