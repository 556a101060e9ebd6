import Foundation

/// A program that a test started: its output as it comes, its exit, and ways to end it.
///
/// Killed when released, so that no test leaves a process behind.
package final class ChildProcess: Sendable {
    /// What a program that has ended left.
    package struct Result: Sendable {
        /// The exit code, or the negative signal number that ended it.
        package let status: Int32
        package let output: [UInt8]
        package let errors: [UInt8]

        package var text: String { String(decoding: output, as: UTF8.self) }
        package var errorText: String { String(decoding: errors, as: UTF8.self) }
    }

    package let pid: Int32
    private let record = ProcessRecord()

    /// Starts a program with the test's environment and these changes; nil removes a variable.
    package init(
        _ path: String, _ arguments: [String] = [], environment changes: [String: String?] = [:],
        directory: String? = nil
    ) throws {
        let environment = ProcessInfo.processInfo.environment.merging(changes.compactMapValues { $0 }) { $1 }
            .filter { changes[$0.key].map { $0 != nil } ?? true }
        let spawned = try SpawnedProcess(path, arguments, environment, directory: directory)
        pid = spawned.pid
        Thread.detachNewThread { [record] in record.read(from: spawned.output, spawned.errors) }
        Thread.detachNewThread { [record] in record.awaitEnd(of: spawned.pid) }
    }

    /// Everything on standard output so far.
    package var outputSoFar: String { String(decoding: record.withLock(\.output), as: UTF8.self) }
    /// How many lines of standard output have ended so far.
    package var linesSoFar: Int { record.withLock(\.lines) }
    /// Everything on standard error so far.
    package var errorsSoFar: String { String(decoding: record.withLock(\.errors), as: UTF8.self) }

    /// Whether the program has ended and all that it wrote is here.
    package var hasEnded: Bool { record.withLock(\.isComplete) }

    /// Sends a signal, unless the program has ended: its number may be another's by then.
    package func send(_ signal: Int32) {
        record.withLock { if $0.status == nil { kill(pid, signal) } }
    }

    /// Waits until `condition` holds for the output so far, the program has ended, or the time is up.
    ///
    /// Woken by output, never by a timer; answers whether the condition holds.
    package func wait(upTo seconds: Double = 60, until condition: (String) -> Bool) -> Bool {
        wait(upTo: seconds) { condition(outputSoFar) }
    }

    /// Waits until this many lines have been written, the program has ended, or the time is up.
    package func wait(forLines count: Int, upTo seconds: Double = 60) -> Bool {
        wait(upTo: seconds) { linesSoFar >= count }
    }

    /// Waits until standard error contains a text, the program has ended, or the time is up.
    package func wait(forErrors text: String, upTo seconds: Double = 60) -> Bool {
        wait(upTo: seconds) { errorsSoFar.contains(text) }
    }

    private func wait(upTo seconds: Double, _ condition: () -> Bool) -> Bool {
        let deadline = DispatchTime.now() + seconds
        while !condition() {
            if record.withLock(\.isComplete) { return condition() }
            if !record.waitForChange(until: deadline) { return false }
        }
        return true
    }

    /// Ends the program with signal 9, wherever it stands; answers with what it left.
    @discardableResult
    package func killNow() -> Result {
        send(SIGKILL)
        return result()
    }

    /// Waits for the end and everything that was written; kills the program when the time is up.
    package func result(within seconds: Double = 120) -> Result {
        if !wait(upTo: seconds, { record.withLock(\.isComplete) }) { end() }
        return record.withLock { Result(status: $0.status ?? -SIGKILL, output: $0.output, errors: $0.errors) }
    }

    /// Starts a program, waits for its end and answers with what it left.
    package static func run(
        _ path: String, _ arguments: [String] = [], environment: [String: String?] = [:], directory: String? = nil,
        within seconds: Double = 120
    ) throws -> Result {
        try ChildProcess(path, arguments, environment: environment, directory: directory).result(within: seconds)
    }

    /// Kills the program and waits until it has gone: only then is what it used, such as a directory, free.
    private func end() {
        send(SIGKILL)
        while record.withLock({ $0.status == nil }) { _ = record.waitForChange(until: .distantFuture) }
    }

    deinit { end() }
}

extension ChildProcess {
    /// Where the package's executables were built: beside the test bundle.
    package static func builtProduct(_ name: String) -> String {
        let arguments = ProcessInfo.processInfo.arguments
        let bundle = arguments.first { $0.hasSuffix(".xctest") } ?? Bundle.main.bundlePath
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent(name).path
    }
}
