import Foundation
import Synchronization

/// A program started by `posix_spawn(3)`: nothing on standard input, and pipes for its output.
///
/// Not Foundation's `Process`, whose pipes now and then don't tell that they have ended.
struct SpawnedProcess {
    let pid: pid_t
    /// The pipes' ends for reading, to be closed by whoever reads them.
    let output: Int32
    let errors: Int32

    /// Held while there are pipes that another program, started at that moment, would inherit and keep open.
    private static let starting = Mutex<Void>(())

    init(_ path: String, _ arguments: [String], _ environment: [String: String], directory: String?) throws {
        // There is no portable way to start a program elsewhere, but `env` goes there first, and becomes it.
        let words = directory.map { ["/usr/bin/env", "-C", $0, path] + arguments } ?? [path] + arguments
        self = try Self.starting.withLock { _ in try SpawnedProcess(words, environment) }
    }

    private init(_ words: [String], _ environment: [String: String]) throws {
        let output = try Self.pipe()
        let errors = try Self.pipe()
        defer { for end in [output.writing, errors.writing] { close(end) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writing, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors.writing, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        Self.setDefaultSignals(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        let arguments = Self.strings(words)
        let variables = Self.strings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        defer { for string in arguments + variables { free(string) } }
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, words[0], &actions, &attributes, arguments, variables)
        guard failure == 0 else {
            for end in [output.reading, errors.reading] { close(end) }
            throw SystemFailure(doing: "starting \(words[0])", number: failure)
        }
        self.pid = pid
        self.output = output.reading
        self.errors = errors.reading
    }

    private static func pipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        guard Foundation.pipe(&ends) == 0 else { throw SystemFailure(doing: "making a pipe", number: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// No signal blocked or ignored, whatever this process does with them.
    private static func setDefaultSignals(_ attributes: inout posix_spawnattr_t) {
        posix_spawnattr_init(&attributes)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGXFSZ] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    }

    /// Strings for C, ended by nil; to be freed.
    private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        texts.map { strdup($0) } + [nil]
    }
}

/// A call of the system that failed.
struct SystemFailure: Error, CustomStringConvertible {
    let doing: String
    let number: Int32

    var description: String { "\(doing): \(String(cString: strerror(number)))" }
}
