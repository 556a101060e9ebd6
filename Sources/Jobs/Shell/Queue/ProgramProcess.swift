import Determinism
import Glibc
import Subprocess
import SystemPackage

/// One run of a program: its bytes in, its bytes out, and nothing of it left behind.
///
/// The program leads a process group of its own, which is ended with it however it ends: by itself, by its limits, or
/// because the caller is cancelled. Only a process that leaves the group on purpose, by `setsid`, can outlive it, and
/// nobody waits for one of those. The group is ended while its leader is dead and not yet reaped, so that its number
/// can't be anybody else's by then. If this process is killed, `ProgramGuard` ends the group.
struct ProgramProcess: Sendable {
    /// The absolute path of the program.
    let executable: String
    let arguments: [String]
    let directory: String
    let environment: ProgramEnvironment
    /// The most bytes of address space of each process.
    let memory: Int?
    let timeout: Microseconds?
    /// The most bytes of standard output.
    let largestOutput: Int

    /// How long it may take to end itself after it was asked to; when cancelled half a second at most, since whoever
    /// cancels has waited already.
    let grace: Microseconds

    private typealias Running = Execution<FileDescriptorInput, SequenceOutput, SequenceOutput>

    /// Runs it to its end; throws a `CancellationError` when cancelled, and `SubprocessError` if it can't be started.
    func run(
        input: [UInt8], report: @escaping @Sendable (ProgramErrors.Report) -> Void
    ) async throws -> ProgramEnd {
        try Task.checkCancellation()
        let (path, words) = command
        let run = try await Subprocess.run(
            .path(FilePath(path)), arguments: Arguments(words), environment: variables,
            workingDirectory: FilePath(directory), platformOptions: options,
            input: .fileDescriptor(try inputFile(input), closeAfterSpawningProcess: true), output: .sequence,
            error: .sequence
        ) { execution in
            await attend(execution, report)
        }
        try Task.checkCancellation()
        let seen = run.closureResult
        return ProgramEnd(
            way: way(run.terminationStatus, seen), output: environment.redacting(seen.output ?? []),
            errors: environment.redacting(seen.errors))
    }

    /// What was seen of it while it ran.
    private struct Seen: Sendable {
        /// Nil when there was too much.
        let output: [UInt8]?
        let errors: [UInt8]
        let isTimedOut: Bool
    }

    private func way(_ status: TerminationStatus, _ seen: Seen) -> ProgramEnd.Way {
        if seen.output == nil { return .wroteTooMuch(largestOutput) }
        if let timeout, seen.isTimedOut { return .timedOut(timeout) }
        return switch status {
        case .exited(let code): .exited(code)
        case .signaled(let signal): .signaled(signal)
        }
    }
}

// MARK: - While it runs

extension ProgramProcess {
    private func attend(
        _ execution: Running, _ report: @escaping @Sendable (ProgramErrors.Report) -> Void
    ) async -> Seen {
        ProgramGuard.shared.watch(execution.processIdentifier.value)
        async let output = output(of: execution)
        async let errors = errors(of: execution, report)
        let isTimedOut = await end(of: execution)
        return await Seen(output: output, errors: errors, isTimedOut: isTimedOut)
    }

    /// Returns when the program has ended and its group with it; true if that was for want of time.
    private func end(of execution: Running) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await execution.teardown(using: [.untilItEnds])
                try? execution.send(signal: .kill, toProcessGroup: true)
                ProgramGuard.shared.release(execution.processIdentifier.value)
                return false
            }
            if let timeout { group.addTask { await end(execution, after: timeout) } }
            var isTimedOut = false
            for await hadToEnd in group {
                isTimedOut = isTimedOut || hadToEnd
                if !hadToEnd { group.cancelAll() }
            }
            return isTimedOut
        }
    }

    /// Ends the program after a time; false if it ended before.
    private func end(_ execution: Running, after timeout: Microseconds) async -> Bool {
        do {
            try await Task.sleep(for: timeout.duration)  // why: a job's timeout; its end cancels this
        } catch {
            return false
        }
        try? execution.send(signal: .terminate, toProcessGroup: true)
        do {
            try await Task.sleep(for: grace.duration)  // why: so long it may take to end by itself, which cancels this
            kill(execution)
        } catch {
            // It ended itself.
        }
        return true
    }

    /// Ends the group, and the leader even if it has left the group.
    private func kill(_ execution: Running) {
        try? execution.send(signal: .kill, toProcessGroup: true)
        try? execution.send(signal: .kill)
    }

    /// All that it writes to its standard output; nil when that is too much, and then it is ended.
    private func output(of execution: Running) async -> [UInt8]? {
        var output: [UInt8] = []
        do {
            for try await part in execution.standardOutput {
                guard output.count + part.count <= largestOutput else {
                    kill(execution)
                    return nil
                }
                part.withUnsafeBytes { output.append(contentsOf: $0) }
            }
        } catch {
            // Nothing more can be read; what was is judged like any answer that breaks off.
        }
        return output
    }

    /// Of more reports that come at once only the last are told: nobody could have seen the others.
    private static let mostReports = 8

    private func errors(
        of execution: Running, _ report: @escaping @Sendable (ProgramErrors.Report) -> Void
    ) async -> [UInt8] {
        var errors = ProgramErrors()
        do {
            for try await part in execution.standardError {
                let reports = part.withUnsafeBytes { errors.take($0) }
                for next in reports.suffix(Self.mostReports) { report(next) }
            }
        } catch {
            // As above.
        }
        return errors.tail()
    }
}

extension TeardownStep {
    /// Does nothing but wait, for longer than any program runs.
    fileprivate static let untilItEnds = send(
        signal: Signal(rawValue: 0), toProcessGroup: true, allowedDurationToNextStep: .seconds(366 * 86_400))
}

// MARK: - Starting it

extension ProgramProcess {
    /// A limit is set by a shell that then becomes the program: nothing else can set one between a process's birth and
    /// its program's first instruction without code of ours in the newborn process.
    private var command: (path: String, arguments: [String]) {
        guard let memory else { return (executable, arguments) }
        let script = "ulimit -v \"$0\" || exit 125; exec \"$@\""
        return ("/bin/sh", ["-c", script, String(max(memory / 1_024, 1)), executable] + arguments)
    }

    private var variables: Subprocess.Environment {
        var values: [Subprocess.Environment.Key: String] = [:]
        for (name, value) in environment.variables {
            if let key = Subprocess.Environment.Key(rawValue: name) { values[key] = value }
        }
        return .custom(values)
    }

    private var options: PlatformOptions {
        var options = PlatformOptions()
        options.processGroupID = 0
        // The last step, which is added by itself, ends the leader even if it has left the group.
        options.teardownSequence = [
            .send(
                signal: .terminate, toProcessGroup: true,
                allowedDurationToNextStep: min(grace, .milliseconds(500)).duration),
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero),
            .send(signal: .kill, toProcessGroup: false, allowedDurationToNextStep: .zero),
        ]
        return options
    }

    /// The input as a file without a name.
    ///
    /// A file and not a pipe: who never reads it, or ends first, then costs neither a wait nor a SIGPIPE.
    private func inputFile(_ input: [UInt8]) throws -> FileDescriptor {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(folder)/cairn-input-XXXXXX".utf8CString)
        let number = mkstemp(&template)
        guard number >= 0 else { throw Errno(rawValue: errno) }
        unlink(template)
        let file = FileDescriptor(rawValue: number)
        do {
            _ = fcntl(number, F_SETFD, FD_CLOEXEC)
            try file.writeAll(input)
            try file.seek(offset: 0, from: .start)
            return file
        } catch {
            try? file.close()
            throw error
        }
    }
}
