import Glibc
import Synchronization

/// What the process's standard streams are connected to, and how text reaches them.
enum Terminal {
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Colour is for people: only on a terminal, and not when they said no (https://no-color.org).
    static func bold(_ text: String) -> String {
        outputIsTerminal && environment("NO_COLOR") == nil ? "\u{1B}[1m\(text)\u{1B}[0m" : text
    }

    /// The value of a variable that is set and not empty.
    static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// Text that takes the place of all that is on the screen; what is too wide or too long for it is cut.
    static func screen(_ text: String, height: Int = outputHeight) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).prefix(max(1, height - 1))
        return "\u{1B}[H\u{1B}[?7l" + lines.joined(separator: "\u{1B}[K\n") + "\u{1B}[K\u{1B}[J\u{1B}[?7h"
    }

    /// Rows of the terminal that standard output is.
    static var outputHeight: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return .max }
        return Int(size.ws_row)
    }

    /// Columns of the terminal that standard error is.
    static var errorWidth: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col) - 1
    }

    static func print(_ text: String) throws { try write(Array(text.utf8), to: STDOUT_FILENO) }
    static func print(_ bytes: [UInt8]) throws { try write(bytes, to: STDOUT_FILENO) }

    /// How many lines of live text stand at the end of standard error; the lock keeps those who write there apart.
    private static let live = Mutex(0)

    /// Writes to standard error, in the place of live text if there is any.
    static func complain(_ text: String) { replaceLive(by: text, lines: 0) }

    /// Shows lines that stay until others, or another text, take their place.
    static func show(live lines: [String]) { replaceLive(by: lines.joined(separator: "\n"), lines: lines.count) }

    private static func replaceLive(by text: String, lines: Int) {
        live.withLock { count in
            try? write(Array((erasure(of: count) + text).utf8), to: STDERR_FILENO)
            count = lines
        }
    }

    /// What takes away the last lines, the cursor being at the end of the very last.
    static func erasure(of lines: Int) -> String {
        lines == 0 ? "" : "\r\u{1B}[K" + String(repeating: "\u{1B}[A\u{1B}[K", count: lines - 1)
    }

    private static func write(_ bytes: [UInt8], to file: Int32) throws {
        try bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written < 0, errno == EINTR { continue }
                guard written > 0 else {
                    if written < 0, errno != EPIPE {
                        throw Failure("can't write the answer: \(String(cString: strerror(errno)))")
                    }
                    throw OutputClosed()
                }
                rest = rest.dropFirst(written)
            }
        }
    }
}

/// The reader of our output went away, as `head` does.
struct OutputClosed: Error {}
