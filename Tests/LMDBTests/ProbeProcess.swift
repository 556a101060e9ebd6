import Foundation

/// The probe, run as a process of its own; killed when the value is released.
final class ProbeProcess {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var unread: [UInt8] = []

    init(_ command: String, _ directory: String, _ number: Int = 0) throws {
        let tests = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        process.executableURL = tests.deletingLastPathComponent().appendingPathComponent("LMDBProbe")
        process.arguments = [command, directory, String(number)]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    var identifier: Int32 {
        process.processIdentifier
    }

    /// The next line that the probe prints, or nil at the end.
    func line() -> String? {
        while !unread.contains(UInt8(ascii: "\n")) {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { return nil }
            unread += more
        }
        let line = unread.prefix { $0 != UInt8(ascii: "\n") }
        unread.removeFirst(line.count + 1)
        return String(decoding: line, as: UTF8.self)
    }

    /// All lines that are still to come.
    func lines() -> [String] {
        var lines: [String] = []
        while let line = line() { lines.append(line) }
        process.waitUntilExit()
        return lines
    }

    /// Sends a line and returns the answer.
    func ask() -> String? {
        input.fileHandleForWriting.write(Data("\n".utf8))
        return line()
    }

    /// Kills the probe at once, and waits until it is gone.
    func killNow() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
