import EventLog
import Glibc

/// Appends until the disk is full, and goes on when there is room again.
///
/// Prints `ack POSITION COUNT COMMIT` for what was acknowledged, and a line for each thing that was tried.
enum FullDisk {
    /// Under a limit of the size of files.
    static func limited(_ directory: String, bytes: Int) async throws {
        signal(SIGXFSZ, SIG_IGN)
        _ = try LMDBLog.open(at: directory)
        setFileSizeLimit(UInt(bytes))
        try await run(directory) { setFileSizeLimit(.max) }
        Line.write("done")
    }

    /// On a small file system that only this process sees, so that it ends with the process.
    ///
    /// Prints `cannot mount` where that isn't allowed. The view of file systems is a thread's own, so the process begins
    /// again, in `ballasted`, with the one thread that has the new view.
    static func mounted(_ directory: String, bytes: Int) {
        guard ownMounts(), mount("none", "/", nil, UInt(MS_REC | MS_PRIVATE), nil) == 0,
            mount("tmpfs", directory, "tmpfs", 0, "size=\(bytes)") == 0
        else { return Line.write("cannot mount") }
        let file = open(ballast(directory), O_WRONLY | O_CREAT, 0o600)
        if posix_fallocate(file, 0, bytes / 2) != 0 { fatalError("no room for the ballast") }
        close(file)
        let words = ["FaultProbe", "fillBallasted", directory]
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        execv("/proc/self/exe", arguments)
        fatalError("cannot begin again: \(errno)")
    }

    /// On a file system with ballast that can be thrown off.
    static func ballasted(_ directory: String) async throws {
        try await run(directory + "/store") { unlink(ballast(directory)) }
        Line.write("done")
        while true { pause() }
    }

    private static func ballast(_ directory: String) -> String { directory + "/ballast" }

    /// Takes leave, for this thread, of everyone else's view of the file systems: `unshare(2)`, which Glibc's module doesn't show.
    private static func ownMounts() -> Bool {
        let newMounts: Int32 = 0x0002_0000
        guard let symbol = dlsym(nil, "unshare") else { return false }
        return unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)(newMounts) == 0
    }

    private static func run(_ directory: String, makeRoom: () -> Void) async throws {
        var log = try LMDBLog.open(at: directory)
        let stream = try StreamName("full-1")
        var acknowledged = try await fill(log, stream, from: 0)
        let large = Commit(stream: stream, expected: .any, events: [event(-1)], blobs: [Blob(noise(4 << 20))])
        Line.write("blob \(await code { _ = try await log.append(large) })")
        try report("full", log, acknowledged)
        makeRoom()
        Line.write("again \(await code { try await append(log, stream, &acknowledged) })")
        try report("roomy", log, acknowledged)
        log.close()
        log = try LMDBLog.open(at: directory)
        Line.write("reopened \(await code { try await append(log, stream, &acknowledged) })")
        try report("reopened", log, acknowledged)
        log.close()
    }

    /// Appends until it is refused; returns how many events were acknowledged.
    private static func fill(_ log: LMDBLog, _ stream: StreamName, from start: UInt64) async throws -> UInt64 {
        var acknowledged = start
        while true {
            let refusal = await code { try await append(log, stream, &acknowledged) }
            if refusal == "fine" { continue }
            Line.write("refused \(refusal)")
            return acknowledged
        }
    }

    private static func append(_ log: LMDBLog, _ stream: StreamName, _ acknowledged: inout UInt64) async throws {
        let expected = acknowledged == 0 ? .noStream : ExpectedRevision.exact(Revision(acknowledged - 1))
        let events = (0..<8).map { event(Int(acknowledged) + $0) }
        let appended = try await log.append(Commit(stream: stream, expected: expected, events: events))
        acknowledged += UInt64(appended.count)
        Line.write("ack \(appended.first) \(appended.count) \(appended.commitID)")
    }

    /// Reads everything: what was acknowledged must be there, and nothing else.
    private static func report(_ moment: String, _ log: LMDBLog, _ acknowledged: UInt64) throws {
        var next: UInt64 = 0
        try log.scan { event in
            if event.position.rawValue == next && event.revision.rawValue == next { next += 1 }
        }
        let isRight = try log.head().size == acknowledged && next == acknowledged
        Line.write("\(moment) \(isRight ? "readable" : "\(next) of \(acknowledged) readable")")
    }

    private static func event(_ number: Int) -> NewEvent {
        Appending.event("full \(number)", padding: 2_000)
    }

    /// Bytes that don't compress.
    private static func noise(_ count: Int) -> [UInt8] {
        var word: UInt64 = 88_172_645_463_325_252
        return (0..<count).map { _ in
            word ^= word << 13
            word ^= word >> 7
            word ^= word << 17
            return UInt8(truncatingIfNeeded: word)
        }
    }

    private static func code(_ body: () async throws -> Void) async -> String {
        do {
            try await body()
            return "fine"
        } catch {
            return Line.name(of: error)
        }
    }

    /// Sets the soft limit alone, so that it can be lifted again.
    private static func setFileSizeLimit(_ bytes: UInt) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        limit.rlim_cur = min(bytes, limit.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    }
}
