package import Determinism
import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// Does jobs by running a program of the user's, one process for each.
///
/// The program reads a JSON object from its standard input (`ProgramRequest`), writes one to its standard output, and
/// ends with exit code 0. Any other code is a failure, which the object may describe (`ProgramEnd`). Its standard error
/// is kept as evidence, but for reports of progress (`ProgramErrors`).
package final class ProgramHandler: QueueHandler {
    private let kind: ProgramKind
    private let environment: ProgramEnvironment
    private let grace: Microseconds
    /// The lock makes asking for the verdict and beginning to look for it one step.
    private let checking = Mutex(Checking())

    private struct Checking {
        /// The absolute path of the program, or what is wrong; nil until somebody has looked.
        var verdict: Result<String, HandlerProblem>?
        /// Happens when whoever is looking has stopped.
        var looking: OneShot?
    }

    /// `variables` are those of this process; `grace` is how long a program may take to end itself when it is asked to.
    package init(
        _ kind: ProgramKind, variables: [String: String] = ProgramEnvironment.ofThisProcess(),
        grace: Microseconds = .seconds(2)
    ) {
        self.kind = kind
        self.grace = grace
        environment = ProgramEnvironment(naming: kind.environment, of: variables)
    }

    package func check() async throws { _ = try await executable() }

    package func limits(slots: Int) -> KindPools.Limits? {
        KindPools.Limits(most: min(max(kind.most ?? slots, 1), slots), memoryPerJob: kind.memory)
    }

    package var provider: ProviderID? { kind.provider }

    package func run(_ task: QueueTask) async throws -> QueueResult {
        let executable = try await executable()
        let parents = try await task.parents()
        let process = process(executable, Array(kind.command.dropFirst()), timeout: task.timeout ?? kind.timeout)
        let environment = environment
        do {
            let end = try await process.run(input: ProgramRequest.bytes(task, parents: parents)) { report in
                task.report(report.thousandths, report.message.map { environment.redacting($0) })
            }
            return end.result
        } catch let error as CancellationError {
            throw error
        } catch {
            try Task.checkCancellation()
            let number = error as? Errno ?? (error as? SubprocessError)?.underlyingError
            return Self.unstarted(executable, "\(error)", number: number?.rawValue)
        }
    }

    /// What it means that a program couldn't be started: nothing, when this machine is short of something for now.
    static func unstarted(_ executable: String, _ reason: String, number: CInt?) -> QueueResult {
        if let number, [EAGAIN, EMFILE, ENFILE, ENOMEM, ENOSPC].contains(number) {
            return .deferred(for: .seconds(1), reason: "\(executable) can't be started now: \(reason)")
        }
        return .failed(
            class: "programNotStarted", message: "\(executable) couldn't be started: \(reason)", retryable: true)
    }

    private func process(_ executable: String, _ arguments: [String], timeout: Microseconds?) -> ProgramProcess {
        ProgramProcess(
            executable: executable, arguments: arguments, directory: kind.directory, environment: environment,
            memory: kind.memory, timeout: timeout, largestOutput: kind.largestResult, grace: grace)
    }
}

// MARK: - The check

extension ProgramHandler {
    /// How long the program's own check may take.
    private static let longestCheck = Microseconds.minutes(1)

    private enum Turn {
        case known(Result<String, HandlerProblem>)
        case wait(OneShot)
        case look(OneShot)
    }

    /// The path of the program, once it is known to be usable; looked for by the first who asks, while the others wait.
    private func executable() async throws -> String {
        while true {
            switch turn() {
            case .known(let verdict): return try verdict.get()
            case .wait(let end): try await end.wait()
            case .look(let end):
                defer {
                    checking.withLock { $0.looking = nil }
                    end.happen()
                }
                let verdict = try await look()
                checking.withLock { $0.verdict = verdict }
            }
        }
    }

    private func turn() -> Turn {
        checking.withLock { checking in
            if let verdict = checking.verdict { return .known(verdict) }
            if let looking = checking.looking { return .wait(looking) }
            let end = OneShot()
            checking.looking = end
            return .look(end)
        }
    }

    /// Throws only when cancelled.
    private func look() async throws(CancellationError) -> Result<String, HandlerProblem> {
        do {
            let executable = try find(kind.command[0])
            if let name = environment.missing.first {
                throw problem(nil, "the environment variable \(name) isn't set", "set it, or take it out of env")
            }
            if let check = kind.check { try await run(check) }
            return .success(executable)
        } catch let problem as HandlerProblem {
            return .failure(problem)
        } catch {
            throw CancellationError()
        }
    }

    private func run(_ check: [String]) async throws {
        let path = try find(check[0])
        let process = process(path, Array(check.dropFirst()), timeout: Self.longestCheck)
        let end: ProgramEnd
        do {
            end = try await process.run(input: []) { _ in }
        } catch {
            try Task.checkCancellation()
            throw problem(path, "its check couldn't be started: \(error)", "see to it that it can be run")
        }
        guard end.way != .exited(0) else { return }
        var finding = "its check failed"
        switch end.failureOfCheck {
        case .failed(_, let message, _, _, _), .crashed(let message, _): finding += ": " + message
        case .completed, .deferred, .interrupted: break
        }
        throw problem(path, finding, "run `\(check.joined(separator: " "))` in \(kind.directory) to see why")
    }

    private func problem(_ path: String?, _ message: String, _ remedy: String) -> HandlerProblem {
        HandlerProblem(kind: kind.name, path: path, message: message, remedy: remedy)
    }
}

extension ProgramEnd {
    /// What it means when the output counts for nothing.
    fileprivate var failureOfCheck: QueueResult { ProgramEnd(way: way, output: [], errors: errors).result }
}

// MARK: - Finding the program

extension ProgramHandler {
    /// The absolute path of a program that can be run.
    private func find(_ program: String) throws(HandlerProblem) -> String {
        guard isFolder(kind.directory) else {
            throw problem(kind.directory, "there is no such directory", "create it, or mend `directory`")
        }
        guard !program.contains("/") else {
            let path = program.hasPrefix("/") ? program : kind.directory + "/" + program
            return try examine(path)
        }
        let folders = (environment.variables.first { $0.name == "PATH" }?.value ?? "/usr/local/bin:/usr/bin:/bin")
            .split(separator: ":").filter { $0.hasPrefix("/") }
        let paths = folders.map { "\($0)/\(program)" }
        if let path = paths.first(where: { isFile($0) && access($0, X_OK) == 0 }) { return path }
        if let path = paths.first(where: isFile) { return try examine(path) }
        throw problem(
            program, "there is no such program in PATH (\(folders.joined(separator: ":")))",
            "install it, or name it by its path")
    }

    private func examine(_ path: String) throws(HandlerProblem) -> String {
        guard isFile(path) else {
            throw problem(path, isFolder(path) ? "it is a directory" : "there is no such file", "mend `command`")
        }
        guard access(path, X_OK) == 0 else { throw problem(path, "it isn't executable", "chmod +x \(path)") }
        return path
    }

    private func isFile(_ path: String) -> Bool { form(path) == S_IFREG }
    private func isFolder(_ path: String) -> Bool { form(path) == S_IFDIR }

    private func form(_ path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }
}
