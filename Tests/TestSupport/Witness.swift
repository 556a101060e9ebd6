import Foundation

/// Sees when the last process has ended that opened the file `witness` for writing.
package final class Witness: Sendable {
    private let path: String
    private let file: Int32

    package init(_ directory: TemporaryDirectory) throws {
        path = directory.path("witness")
        guard mkfifo(path, 0o600) == 0 else { throw POSIXError(.EIO) }
        file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw POSIXError(.EIO) }
    }

    deinit { close(file) }

    /// Whether somebody wrote to it and nobody can any more; waits for the latter, ten seconds at most.
    package func sawEnd() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        guard read(file, &bytes, bytes.count) > 0 else { return false }
        var wanted = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, 10_000) == 1 && wanted.revents & Int16(POLLHUP) != 0
    }

    /// Lets whoever waits to read from it go on.
    package func release() throws {
        let writing = open(path, O_WRONLY | O_CLOEXEC)
        guard writing >= 0, write(writing, "\n", 1) == 1 else { throw POSIXError(.EIO) }
        close(writing)
    }
}
