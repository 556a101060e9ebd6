import EventLog
import Glibc

/// A directory that gets its name only when it is whole.
///
/// It is made beside its place as `<name>.partial-<process>`, and takes its name in one step: whoever is killed before has
/// made nothing. What killed processes left behind is removed by the next one for the same name; commands don't take it
/// for a store.
final class StoreTarget {
    let path: String
    /// Where the contents are made.
    let partial: String
    private let lock: CInt
    private var isFinished = false

    /// What stands between a name and the number of the process.
    private static let mark = ".partial-"

    /// What a store's directory has in it: a leftover with anything else is left alone.
    private static let parts: Set<String> = [
        "blobs", "checkpoints", "keys", "log", "store.json", "views", "workers",
    ]

    /// Refuses a path that has something, or is in a store: only an empty or missing directory is replaced.
    init(_ path: String, operation: String) throws(LogError) {
        let path = Self.trimmed(path)
        self.path = path
        guard Self.isVacant(path) else {
            throw LogError(
                .invalid, during: operation,
                "\(path) exists and isn't an empty directory; name a directory that doesn't exist")
        }
        try StoreSurroundings.refuse(path, during: operation)
        try Self.makeDirectories(Self.split(path).parent)
        Self.removeLeftovers(of: path)
        partial = "\(path)\(Self.mark)\(getpid())"
        guard mkdir(partial, 0o777) == 0 else { throw LogError.system("making \(partial)") }
        lock = open(partial, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw LogError.system("locking \(partial)") }
    }

    deinit {
        close(lock)
        if !isFinished { ScratchDirectory.remove(partial) }
    }

    /// Gives it its name, on disk.
    func finish() throws(LogError) {
        for part in ["log", "blobs", "views"] { unlink("\(partial)/\(part)/lock.mdb") }
        try DirectoryEntries.sync(partial)
        guard rename(partial, path) == 0 else { throw LogError.system("renaming \(partial) to \(path)") }
        isFinished = true
        try DirectoryEntries.sync(Self.split(path).parent)
    }

    /// Makes a store that is there whole or not at all; `body` fills it, and `publishing` comes before it has its name.
    static func make<Result>(
        _ path: String, operation: String, _ body: (Store) async throws -> Result,
        publishing: (Result) async throws -> Void = { _ in }
    ) async throws -> Result {
        let target = try StoreTarget(path, operation: operation)
        let store = try Store.making(target)
        let result: Result
        do {
            result = try await body(store)
            store.close()
        } catch {
            store.close()
            throw error
        }
        try await publishing(result)
        try target.finish()
        return result
    }

    /// Whether a directory has the name of one that isn't whole: of a process that was killed, or is at work.
    static func isPartial(_ path: String) -> Bool {
        let name = split(trimmed(path)).name
        let end = name.lastIndex(of: "-").map { name.index(after: $0) } ?? name.endIndex
        return name[..<end].hasSuffix(mark) && isNumber(name[end...])
    }

    private static func isNumber(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func trimmed(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    /// Whether nothing has the name, or an empty directory that another can take the place of.
    private static func isVacant(_ path: String) -> Bool {
        var (found, around) = (stat(), stat())
        guard lstat(path, &found) == 0 else { return errno == ENOENT }
        let (parent, name) = split(path)
        guard found.st_mode & S_IFMT == S_IFDIR, name != ".", name != "..", stat(parent, &around) == 0,
            found.st_dev == around.st_dev
        else { return false }
        return DirectoryEntries.names(in: path)?.isEmpty ?? false
    }

    /// Removes what this user's killed processes have left of the same name, and nothing else.
    private static func removeLeftovers(of path: String) {
        let (parent, name) = split(path)
        Leftovers.remove(.directory, in: parent) { entry in
            entry.hasPrefix(name + mark) && isNumber(entry.dropFirst((name + mark).count))
        } by: { leftover in
            if hasParts(leftover) { ScratchDirectory.remove(leftover) }
        }
    }

    /// Whether a directory holds nothing but parts of a store.
    private static func hasParts(_ path: String) -> Bool {
        DirectoryEntries.names(in: path)?.allSatisfy { parts.contains($0) || $0.hasPrefix(".store.json.") } ?? false
    }

    private static func makeDirectories(_ path: String) throws(LogError) {
        if access(path, F_OK) == 0 { return }
        try makeDirectories(split(path).parent)
        guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw LogError.system("making \(path)") }
    }

    private static func split(_ path: String) -> (parent: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}
