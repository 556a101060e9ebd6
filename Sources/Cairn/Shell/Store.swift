public import EventLog
import Glibc
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
    /// Read models of a store that can't be written are kept here; removed on closing.
    private let scratch: String?

    private init(path: String, log: LMDBLog, views: ProjectionRunner, scratch: String?) {
        self.path = path
        self.log = log
        self.views = views
        self.scratch = scratch
    }

    /// Opens a store; one whose files can't be written is opened for reading.
    ///
    /// Throws `LogError` when the directory holds no store, a newer one or a damaged one, and says what to do.
    public static func open(at path: String, _ access: Access = .existing) throws -> Store {
        let log = try openLog(path, access)
        do {
            let scratch = log.isReadOnly ? try temporaryDirectory() : nil
            let views = try ProjectionRunner(
                log: log, directory: scratch ?? path + "/views", storeID: log.manifest.id, catalogue: Catalogues.projectors)
            return Store(path: path, log: log, views: views, scratch: scratch)
        } catch {
            log.close()
            throw error
        }
    }

    private static func openLog(_ path: String, _ access: Access) throws(LogError) -> LMDBLog {
        do throws(LogError) {
            return try LMDBLog.open(at: path, .init(access: access == .create ? .create : .mustExist))
        } catch {
            guard error.code == .readOnly else { throw error }
            return try LMDBLog.open(at: path, .init(access: .readOnly))
        }
    }

    private static func temporaryDirectory() throws -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/cairn-views-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw LogError(
                .other, during: "making room for read models", "\(parent): \(String(cString: strerror(errno)))")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Where each living worker holds a lock, so that others can tell that it lives.
    package var workersDirectory: String { path + "/workers" }

    /// Finishes the appends under way and closes the files.
    public func close() {
        log.close()
        if let scratch { unlinkTree(scratch) }
    }

    private func unlinkTree(_ path: String) {
        guard let directory = opendir(path) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { unlink(path + "/" + name) }
        }
        closedir(directory)
        rmdir(path)
    }
}
