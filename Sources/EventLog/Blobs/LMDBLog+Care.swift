package import Determinism
import Glibc
package import LMDB

/// What keeps a store small, private, and safe from the loss of its disk.
extension LMDBLog {
    /// What fills the data files.
    package func usage() throws(LogError) -> (log: Environment.Usage, blobs: Environment.Usage) {
        do throws(LMDBError) {
            return (try reader.environment.usage(), try blobs.environment.usage())
        } catch {
            throw LogError(error, during: "measuring \(directory)")
        }
    }

    /// Who reads the log and the blobs at the moment.
    package func readers() throws(LogError) -> (log: [ReaderSlot], blobs: [ReaderSlot]) {
        do throws(LMDBError) {
            return (try reader.environment.readers(), try blobs.environment.readers())
        } catch {
            throw LogError(error, during: "looking who reads \(directory)")
        }
    }

    /// Copies log and blobs into an empty or missing directory, while others append: a store with the same id and a head
    /// that this one had.
    ///
    /// The log is copied as of one moment, which is a long read. The blobs follow, in short reads, so that every blob
    /// is there that the copied log names; `store.json` comes last, so that half a copy is no store. Nobody may erase
    /// blobs meanwhile. All is on disk when this returns.
    package func copy(to target: String, compacting: Bool = false) throws(LogError) {
        do {
            try ManifestFile.prepareDirectory(target)
            try reader.environment.copy(to: target + "/log", compacting: compacting)
            try blobs.copy(to: target + "/blobs")
            _ = try ManifestFile.publish(manifest, in: target)
        } catch {
            throw LogError(error, during: "copying \(directory) to \(target)")
        }
    }

    // MARK: Erasing

    /// Which of these blobs are in the store.
    package func present(of digests: some Sequence<Digest>) throws(LogError) -> Set<Digest> {
        try blobs.present(of: digests)
    }

    /// Erases those blobs that no event names at or behind the position given for each.
    ///
    /// `naming` says which blobs an event names. Nobody appends while it is decided and done, so that an event which
    /// names a blob never loses it.
    package func eraseBlobs(
        _ wanted: [Digest: Position], naming: (Event) throws -> [Digest]
    ) throws -> ErasedBlobs {
        let present = try blobs.present(of: wanted.keys)
        guard let first = present.compactMap({ wanted[$0] }).min() else { return ErasedBlobs() }
        var needed: Set<Digest> = []
        func look(from position: Position, to end: Position?) throws {
            try scan(from: position, to: end, matching: .all) { event in
                for digest in try naming(event) {
                    if let limit = wanted[digest], event.position >= limit { needed.insert(digest) }
                }
            }
        }
        let end = Position(try head().size)
        try look(from: first, to: end)
        return try reader.environment.write { _ in
            try look(from: max(first, end), to: nil)
            return try blobs.erase(present.subtracting(needed))
        }
    }

    // MARK: Compacting

    /// Writes both data files anew, without what was deleted, and puts them in place of the old ones.
    ///
    /// The new files are verified before that. Killed at any moment the store is whole: each file is the old one or the
    /// new one, and both hold the same. Throws `.inUse` when another process has the store open. The log is closed
    /// afterwards, also when this throws.
    package func compact() throws(LogError) {
        let operation = "compacting \(directory)"
        stop()
        do {
            let log = try SoleUse(of: reader.environment)
            let kept = try SoleUse(of: blobs.environment)
            let (logCopy, blobCopy) = (CompactedCopy(of: reader.environment), CompactedCopy(of: blobs.environment))
            defer {
                logCopy.remove()
                blobCopy.remove()
            }
            logCopy.remove()
            blobCopy.remove()
            try reader.environment.copy(to: logCopy.directory, compacting: true)
            try checkLog(logCopy)
            try blobs.copy(to: blobCopy.directory)
            try checkBlobs(blobCopy)
            try log.replaceData(with: logCopy.file)
            try kept.replaceData(with: blobCopy.file)
        } catch {
            reader.environment.close()
            blobs.environment.close()
            throw LogError(error, during: operation)
        }
    }

    /// Writes the data file of the blobs anew, without what was deleted, and puts it in place of the old one.
    ///
    /// As `compact`, for the blobs alone: the log has nothing that is ever erased.
    package func rewriteBlobs() throws(LogError) {
        stop()
        defer { reader.environment.close() }
        do {
            let kept = try SoleUse(of: blobs.environment)
            let copy = CompactedCopy(of: blobs.environment)
            defer { copy.remove() }
            copy.remove()
            try blobs.copy(to: copy.directory)
            try checkBlobs(copy)
            try kept.replaceData(with: copy.file)
        } catch {
            blobs.environment.close()
            throw LogError(error, during: "writing the blobs of \(directory) anew")
        }
    }

    private func checkLog(_ copy: borrowing CompactedCopy) throws {
        let environment = try copy.open()
        defer { environment.close() }
        let copied = LogReader(environment: environment, tables: try LogTables(in: environment, create: false))
        let result = try Self.verify(copied)
        guard result.isIntact, try copied.meta() == reader.meta() else {
            throw LogError(
                .damaged(result.fault?.position), during: "checking the compacted copy",
                result.fault?.found ?? "it has another head; the store was left as it is")
        }
    }

    private func checkBlobs(_ copy: borrowing CompactedCopy) throws {
        let environment = try copy.open()
        defer { environment.close() }
        let (found, wanted) = (
            try BlobStore(in: environment, create: false).fingerprint(), try blobs.fingerprint()
        )
        guard found == wanted else {
            throw LogError(
                .damaged(nil), during: "checking the compacted copy",
                "it has \(found.rows) blobs, not the \(wanted.rows) of the store; the store was left as it is")
        }
    }
}

/// The new data file of an environment beside its old one, until it takes its place.
package struct CompactedCopy {
    /// In the environment's own directory, so that a rename is enough.
    package let directory: String

    package init(of environment: Environment) { directory = environment.path + "/compacting" }

    package var file: String { directory + "/data.mdb" }

    /// Opens it to be looked at; its pages are judged first.
    package func open() throws(LMDBError) -> Environment {
        var configuration = Environment.Configuration()
        configuration.access = .readOnly
        let environment = try Environment.open(at: directory, configuration)
        do throws(LMDBError) {
            try environment.check()
            return environment
        } catch {
            environment.close()
            throw error
        }
    }

    /// Removes what is left of it, or of one that was cut short.
    package func remove() {
        for name in ["data.mdb", "lock.mdb"] { unsafe unlink(directory + "/" + name) }
        unsafe rmdir(directory)
    }
}
