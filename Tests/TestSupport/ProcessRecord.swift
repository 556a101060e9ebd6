import Foundation
import Synchronization

/// What is known of a program that runs: filled by two threads, one for its output and one for its end.
///
/// Apart from `ChildProcess`, so that the threads don't keep that alive.
final class ProcessRecord: Sendable {
    struct State {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        /// How many lines of output have ended.
        var lines = 0
        /// Whether nobody can write any more.
        var isOutputComplete = false
        /// The exit code, or the negative signal number; nil as long as the program runs.
        var status: Int32?

        var isComplete: Bool { isOutputComplete && status != nil }
    }

    private let state = Mutex(State())
    private let changed = DispatchSemaphore(value: 0)

    func withLock<R>(_ body: (inout State) -> R) -> R { state.withLock { body(&$0) } }

    /// Waits for the next change; false when there was none in time.
    func waitForChange(until deadline: DispatchTime) -> Bool { changed.wait(timeout: deadline) == .success }

    /// Reads both pipes to their ends, and closes them.
    func read(from output: Int32, _ errors: Int32) {
        var pipes = [output, errors].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while pipes.contains(where: { $0.fd >= 0 }) {
            if poll(&pipes, nfds_t(pipes.count), -1) < 0 { continue }
            for number in pipes.indices where pipes[number].revents != 0 {
                let count = Foundation.read(pipes[number].fd, &buffer, buffer.count)
                if count > 0 { keep(buffer[..<count], isError: number == 1) }
                guard count == 0 || (count < 0 && errno != EINTR) else { continue }
                close(pipes[number].fd)
                pipes[number].fd = -1
            }
        }
        update { $0.isOutputComplete = true }
    }

    private func keep(_ bytes: ArraySlice<UInt8>, isError: Bool) {
        update { state in
            if isError { return state.errors += bytes }
            state.output += bytes
            state.lines += bytes.count { $0 == UInt8(ascii: "\n") }
        }
    }

    /// Waits for the end; the process's number stays its own until the status is known.
    func awaitEnd(of pid: pid_t) {
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        update { state in
            var word: Int32 = 0
            while waitpid(pid, &word, 0) < 0 && errno == EINTR {}
            state.status = word & 0x7F == 0 ? (word >> 8) & 0xFF : -(word & 0x7F)
        }
    }

    private func update(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
        changed.signal()
    }
}
