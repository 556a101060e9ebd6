import EventLog
import Glibc

/// Many appends to one stream that all expect it to be empty.
enum Racing {
    /// Begins when the lock on the barrier file is let go, and prints `won N conflicts N others N`.
    ///
    /// A conflict counts only if it names the revision that the winner gave the stream.
    static func run(_ directory: String, stream: String, racers: Int, barrier: String) async throws {
        let log = try LMDBLog.open(at: directory)
        let stream = try StreamName(stream)
        let commits = (0..<racers).map { racer in
            Commit(
                stream: stream, expected: .noStream,
                events: [Appending.event("racer \(racer) of \(getpid())", padding: 0)])
        }
        let file = open(barrier, O_RDWR | O_CLOEXEC)
        Line.write("ready")
        while flock(file, LOCK_SH) != 0 && errno == EINTR {}
        let codes = await withTaskGroup(of: LogError.Code?.self) { group in
            for commit in commits {
                group.addTask {
                    do throws(LogError) {
                        _ = try await log.append(commit)
                        return nil
                    } catch {
                        return error.code
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let won = codes.count { $0 == nil }
        let conflicts = codes.count { $0 == .conflict(actual: Revision.first) }
        Line.write("won \(won) conflicts \(conflicts) others \(codes.count - won - conflicts)")
        log.close()
    }
}
