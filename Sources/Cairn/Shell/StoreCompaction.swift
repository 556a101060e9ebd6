package import CanonicalJSON
import Determinism
package import EventLog
import Glibc
import LMDB

/// Writes the data files of a store anew, without free pages and without what was erased.
package enum StoreCompaction {
    /// What came of it.
    package struct Receipt: Equatable, Sendable {
        /// The bytes of the data files before.
        package let before: Int
        package let after: Int
        /// Blobs that an event says are erased, and that were still there.
        package let erased: ErasedBlobs
        package let head: TreeHead
    }

    /// Throws `.inUse` when another process has the store open.
    ///
    /// Killed at any moment the store is whole. New files are verified before they take the place of the old ones.
    package static func compact(_ path: String) throws -> Receipt {
        try StoreCareLock.hold(alone: true, of: path) {
            let before = DataFiles.bytes(of: path)
            // Opened as a whole once: read models that a crash of the machine left behind are set aright by that.
            let store = try Store.open(at: path)
            let head: TreeHead
            let erased: ErasedBlobs
            do {
                defer { store.close() }
                guard !store.log.isReadOnly else {
                    throw LogError(.readOnly, during: "compacting \(path)", "its files can't be written")
                }
                head = try store.log.head()
                erased = try StoreRetention(store).finishErasing()
            }
            try compactViews(path)
            let log = try LMDBLog.open(at: path, LMDBLog.Options(access: .mustExist))
            guard try log.head() == head else {
                log.close()
                throw LogError(.inUse, during: "compacting \(path)", "another process has appended; try again")
            }
            try log.compact()
            return Receipt(before: before, after: DataFiles.bytes(of: path), erased: erased, head: head)
        }
    }

    private static func compactViews(_ path: String) throws {
        let operation = "compacting the read models of \(path)"
        do {
            let environment = try Environment.open(at: path + "/views")
            let use = try SoleUse(of: environment)
            let copy = CompactedCopy(of: environment)
            defer { copy.remove() }
            copy.remove()
            try environment.copy(to: copy.directory, compacting: true)
            let copied = try copy.open()
            defer { copied.close() }
            let counts = try (entries(copied), entries(environment))
            guard counts.0 == counts.1 else {
                throw LogError(.damaged(nil), during: operation, "the copy has other rows; the store was left as it is")
            }
            try use.replaceData(with: copy.file)
        } catch let error as LMDBError {
            guard error.code == .inUse else { throw error }
            throw LogError(.inUse, during: operation, error.description)
        }
    }

    private static func entries(_ environment: Environment) throws -> [String: Int] {
        Dictionary(try environment.usage().tables.map { ($0.name, $0.entries) }) { first, _ in first }
    }
}

extension StoreCompaction.Receipt: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("after", after)
        writer.field("before", before)
        writer.field("erasedBlobs", erased.count)
        writer.field("events", Int(head.size))
        writer.field("head", head.root.hex)
        writer.field("size", Int(head.size))
        writer.endObject()
    }
}
