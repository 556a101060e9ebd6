import Foundation
import Synchronization

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

    private struct State {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        /// How many lines of output have ended.
        var lines = 0
        var openPipes = 2
        var status: Int32?
    }

    private let process = Process()
    private let state = Mutex(State())
    private let changed = DispatchSemaphore(value: 0)

    /// Starts a program with the test's environment and these changes; nil removes a variable.
    package init(
        _ path: String, _ arguments: [String] = [], environment changes: [String: String?] = [:],
        directory: String? = nil
    ) throws {
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(changes.compactMapValues { $0 }) { $1 }
            .filter { changes[$0.key].map { $0 != nil } ?? true }
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory, isDirectory: true) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe { state, bytes in
            state.output += bytes
            state.lines += bytes.count { $0 == UInt8(ascii: "\n") }
        }
        process.standardError = pipe { state, bytes in state.errors += bytes }
        process.terminationHandler = { [weak self] process in
            let killed = process.terminationReason == .uncaughtSignal
            self?.update { $0.status = killed ? -process.terminationStatus : process.terminationStatus }
        }
        try process.run()
    }

    private func pipe(_ keep: @escaping @Sendable (inout State, Data) -> Void) -> Pipe {
        let pipe = Pipe()
        pipe.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            self?.update { state in
                keep(&state, data)
                if data.isEmpty { state.openPipes -= 1 }
            }
        }
        return pipe
    }

    private func update(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
        changed.signal()
    }

    package var pid: Int32 { process.processIdentifier }

    /// Everything on standard output so far.
    package var outputSoFar: String { String(decoding: state.withLock(\.output), as: UTF8.self) }
    /// How many lines of standard output have ended so far.
    package var linesSoFar: Int { state.withLock(\.lines) }
    /// Everything on standard error so far.
    package var errorsSoFar: String { String(decoding: state.withLock(\.errors), as: UTF8.self) }

    /// Sends a signal, unless the program has ended: its number may be another's by then.
    package func send(_ signal: Int32) {
        state.withLock { state in
            if state.status == nil { kill(process.processIdentifier, signal) }
        }
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

    private func wait(upTo seconds: Double, _ condition: () -> Bool) -> Bool {
        let deadline = DispatchTime.now() + seconds
        while !condition() {
            if state.withLock({ $0.status != nil && $0.openPipes == 0 }) { return condition() }
            if changed.wait(timeout: deadline) == .timedOut { return false }
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
        let deadline = DispatchTime.now() + seconds
        while !state.withLock({ $0.status != nil && $0.openPipes == 0 }) {
            if changed.wait(timeout: deadline) == .timedOut {
                send(SIGKILL)
                process.waitUntilExit()
                break
            }
        }
        return state.withLock { Result(status: $0.status ?? -SIGKILL, output: $0.output, errors: $0.errors) }
    }

    /// Starts a program, waits for its end and answers with what it left.
    package static func run(
        _ path: String, _ arguments: [String] = [], environment: [String: String?] = [:], directory: String? = nil,
        within seconds: Double = 120
    ) throws -> Result {
        try ChildProcess(path, arguments, environment: environment, directory: directory).result(within: seconds)
    }

    deinit {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        // What the program uses, such as a directory to be removed, is free only when it has gone.
        process.waitUntilExit()
    }
}

extension ChildProcess {
    /// Where the package's executables were built: beside the test bundle.
    package static func builtProduct(_ name: String) -> String {
        let arguments = ProcessInfo.processInfo.arguments
        let bundle = arguments.first { $0.hasSuffix(".xctest") } ?? Bundle.main.bundlePath
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent(name).path
    }
}
