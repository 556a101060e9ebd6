public import EventLog
package import Projections
import Replay

/// One store directory, open: its log, its blobs and its read models.
///
/// A process opens a store once and shares the object; other processes may have it open too. Close it when done.
public final class Store: Sendable {
    /// What a command may do with the store.
    public enum Access: Sendable {
        /// Makes the store if there is none.
        case create
        /// The store must be there.
        case existing
    }

    /// The directory.
    public let path: String
    /// The events and blobs.
    public let log: LMDBLog
    /// The read models; they catch up with the log before they answer.
    package let views: ProjectionRunner
    /// Read models of a store that can't be written are kept here; removed when the store is released.
    private let scratch: ScratchDirectory?

    private init(path: String, log: LMDBLog, views: ProjectionRunner, scratch: ScratchDirectory?) {
        self.path = path
        self.log = log
        self.views = views
        self.scratch = scratch
    }

    /// Opens a store; one whose files can't be written is opened for reading.
    ///
    /// Throws `LogError` when the directory holds no store, a newer one or a damaged one, and says what to do.
    ///
    /// `checksPages` is for a store that somebody may have tampered with: each page is judged before any is believed.
    public static func open(
        at path: String, _ access: Access = .existing, checksPages: Bool = false
    ) throws -> Store {
        let log = try log(at: path, access, checksPages: checksPages)
        return try Store(of: log, at: path)
    }

    /// Opens a store in which nothing is yet, and which has its name only when it is whole.
    static func making(_ target: StoreTarget) throws -> Store {
        var options = LMDBLog.Options(access: .create)
        options.sealing = SubjectScopes.sealing()
        return try Store(of: try LMDBLog.open(at: target.partial, options), at: target.partial)
    }

    /// Closes the log where its read models can't be opened.
    private convenience init(of log: LMDBLog, at path: String) throws {
        do {
            let scratch = log.isReadOnly ? try ScratchDirectory() : nil
            let views = try ProjectionRunner(
                log: log, directory: scratch.map { $0.path + "/views" } ?? path + "/views", storeID: log.manifest.id,
                catalogue: Catalogues.projectors)
            self.init(path: path, log: log, views: views, scratch: scratch)
        } catch {
            log.close()
            throw error
        }
    }

    /// Opens the events and blobs alone, for what needs no read model.
    package static func log(
        at path: String, _ access: Access = .existing, checksPages: Bool = false
    ) throws(LogError) -> LMDBLog {
        if StoreTarget.isPartial(path) {
            throw LogError(
                .other, during: "opening the store at \(path)",
                "it isn't whole: the command that makes it is at work still or was cut short; give that command again, "
                    + "which removes what is left of it")
        }
        let log = try opened(at: path, access, checksPages: checksPages)
        do throws(LogError) {
            try refuseHalfFork(log)
            return log
        } catch {
            log.close()
            throw error
        }
    }

    /// A fork says when it has taken everything over; one that doesn't was cut short.
    ///
    /// What of a damaged log can't be read is for those to tell who look for that.
    private static func refuseHalfFork(_ log: LMDBLog) throws(LogError) {
        guard let first = try? log.event(at: .first), first.hasType(ForkCreated.type),
            let own = try? log.readStream(first.stream, .forward, from: .first, limit: 2),
            !own.contains(where: { $0.hasType(ForkTaken.type) })
        else { return }
        throw LogError(
            .other, during: "opening the store at \(log.directory)",
            "it is a fork that was cut short: what it has isn't all that its parent had; remove it, and make it again "
                + "with `cairn replay what-if`")
    }

    private static func opened(
        at path: String, _ access: Access, checksPages: Bool
    ) throws(LogError) -> LMDBLog {
        PendingErasure(of: path).finishIfPossible()
        var options = LMDBLog.Options(access: access == .create ? .create : .mustExist)
        options.checksPages = checksPages
        options.sealing = SubjectScopes.sealing()
        do throws(LogError) {
            return try LMDBLog.open(at: path, options)
        } catch {
            guard error.code == .readOnly else { throw error }
            options.access = .readOnly
            return try LMDBLog.open(at: path, options)
        }
    }

    /// Where each living worker holds a lock, so that others can tell that it lives.
    package var workersDirectory: String { path + "/workers" }

    /// Finishes the appends under way and closes the files.
    public func close() {
        views.close()
        log.close()
    }
}
