import EventLog
import Glibc

/// Standard output, a line at a time.
///
/// A line of up to 4,096 bytes reaches a pipe whole or not at all, whenever the process is killed.
enum Line {
    static func write(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno != EINTR { _exit(4) }
            written += max(count, 0)
        }
    }

    /// The bare name of an error's code, or what else the error is.
    static func name(of error: any Error) -> String {
        guard let error = error as? LogError else { return "\(error)" }
        return String("\(error.code)".prefix { $0 != "(" })
    }
}

/// Ends this process with the one that reads its output, so that no test leaves one behind.
enum Lifeline {
    static func hold() {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { _ in
                var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
                while poll(&output, 1, -1) <= 0 || output.revents == 0 {}
                _exit(3)
            }, nil)
        pthread_detach(thread)
    }
}
