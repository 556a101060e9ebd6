import Determinism
import LMDB

extension LMDBLog {
    /// Opens the store in a directory.
    ///
    /// Throws `.notAStore` for a directory without one (and, when creating, with other files in it), `.newerFormat` for
    /// one of a newer program, `.damaged` for one with missing or cut files, `.readOnly` when writing is not allowed.
    /// Several processes may create the same store at once: they all get the same one.
    public static func open(at directory: String, _ options: Options = Options()) throws(LogError) -> LMDBLog {
        let operation = "opening the store at \(directory)"
        if let manifest = try ManifestFile.read(in: directory) {
            return try open(directory, manifest, options, creating: false, operation)
        }
        guard options.access == .create else {
            throw LogError(.notAStore, during: operation, "there is no store.json; check the path, or create a store")
        }
        try ManifestFile.prepareDirectory(directory)
        var id: [UInt8] = []
        var random = SystemRandomNumberGenerator()
        for _ in 0..<16 { id.append(random.next()) }
        let manifest = StoreManifest(created: TimeSource.system.time(), id: Hexadecimal.text(id))
        return try open(directory, manifest, options, creating: true, operation)
    }

    /// Opens the environments.
    ///
    /// A new store gets its `store.json` last, so a directory that has one has all the rest.
    private static func open(
        _ directory: String, _ manifest: StoreManifest, _ options: Options, creating: Bool, _ operation: String
    ) throws(LogError) -> LMDBLog {
        do {
            let environment = try openEnvironment(directory + "/log", options, creating: creating)
            let blobs = try openEnvironment(directory + "/blobs", options, creating: creating)
            let reader = LogReader(
                environment: environment, tables: try LogTables(in: environment, create: creating))
            let keys = manifest.isEncrypted ? try BlobKeys(of: directory) : nil
            let store = try BlobStore(in: blobs, create: creating, keys: keys)
            guard creating else {
                _ = try reader.meta()
                return LMDBLog(directory, manifest, options, reader, store)
            }
            try reader.tables.prepare(environment)
            let published = try ManifestFile.publish(manifest, in: directory)
            return LMDBLog(directory, published, options, reader, store)
        } catch let error as LMDBError where error.code == .missing {
            throw .damaged(
                nil, during: operation, "store.json is there, but not everything else: \(error.operation) found nothing"
            )
        } catch {
            throw LogError(error, during: operation)
        }
    }

    private static func openEnvironment(
        _ path: String, _ options: Options, creating: Bool
    ) throws(LMDBError) -> Environment {
        var configuration = Environment.Configuration()
        configuration.maxTables = 8
        configuration.initialMapSize = options.initialMapSize
        configuration.durability = options.durability == .noSync ? .noSync : .durable
        // A store that must be complete is looked at before anything could be made.
        configuration.access = .readOnly
        if !creating && options.access != .readOnly {
            guard ManifestFile.exists(path + "/data.mdb") else {
                throw LMDBError(code: .missing, operation: "opening \(path)", message: "there is no data.mdb")
            }
        }
        if options.access != .readOnly { configuration.access = .readWrite }
        let environment = try Environment.open(at: path, configuration)
        if options.checksPages && !creating { try environment.check() }
        return environment
    }
}

extension LogTables {
    /// Gives a new log its state; leaves one that has it alone.
    func prepare(_ environment: Environment) throws {
        try environment.write { transaction in
            guard try !transaction.contains(LogMeta.key, in: meta) else { return }
            try transaction.put(LogMeta.empty.bytes, at: LogMeta.key, in: meta)
        }
    }
}
