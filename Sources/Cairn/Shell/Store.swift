public import EventLog
package import Projections

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
        do {
            let scratch = log.isReadOnly ? try ScratchDirectory() : nil
            let views = try ProjectionRunner(
                log: log, directory: scratch.map { $0.path + "/views" } ?? path + "/views", storeID: log.manifest.id,
                catalogue: Catalogues.projectors)
            return Store(path: path, log: log, views: views, scratch: scratch)
        } catch {
            log.close()
            throw error
        }
    }

    /// Opens the events and blobs alone, for what needs no read model.
    package static func log(
        at path: String, _ access: Access = .existing, checksPages: Bool = false
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
