import Glibc

/// What the process's standard streams are connected to, and how text reaches them.
enum Terminal {
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Colour is for people: only on a terminal, and not when they said no (https://no-color.org).
    static func bold(_ text: String) -> String {
        outputIsTerminal && getenv("NO_COLOR") == nil ? "\u{1B}[1m\(text)\u{1B}[0m" : text
    }

    static func print(_ text: String) throws { try write(Array(text.utf8), to: STDOUT_FILENO) }
    static func print(_ bytes: [UInt8]) throws { try write(bytes, to: STDOUT_FILENO) }
    static func complain(_ text: String) { try? write(Array(text.utf8), to: STDERR_FILENO) }

    private static func write(_ bytes: [UInt8], to file: Int32) throws {
        try bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw OutputClosed() }
                rest = rest.dropFirst(written)
            }
        }
    }
}

/// The reader of our output went away, as `head` does.
struct OutputClosed: Error {}
