import ArgumentParser
import Cairn
import EventLog
import Glibc
import Jobs
import Logging
import Projections

/// The `cairn` program: each subcommand is a file in `Commands/`.
@main
struct CairnCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cairn",
        abstract: "Runs LLM experiments whose every result can be replayed, audited and queried.",
        discussion: """
            A store is one directory; commands that work on one take --store, or the variable CAIRN_STORE, or use \
            ./\(StoreOptions.fallback). Data goes to standard output, all else to standard error. With --json, costs are \
            whole nano-dollars, durations whole microseconds, times microseconds since 1970 UTC, and a failure is an object on standard \
            error: {"error":{"code":…,"message":…,"remedy":…}}.

            EXIT CODES
              0 done   1 failed   2 usage   3 finished with cells missing   4 a replay or an audit found a difference
              5 the store can't be used

            EXAMPLE
              cairn run tools/examples/haiku.yaml && cairn query rankings
            """,
        version: CairnVersion.text,
        subcommands: [
            RunCommand.self, SubmitCommand.self, WorkCommand.self, JobsCommand.self, TopCommand.self, QueryCommand.self,
            ReplayCommand.self, DiffCommand.self, AuditCommand.self, ExportCommand.self, StoreCommand.self,
            DoctorCommand.self, BundleCommand.self, SimulateCommand.self,
        ])

    /// Runs what the arguments ask for, and turns every error into a message and one of the exit codes.
    static func main() async {
        // A reader that went away, or a file-size limit, shall be an error with a message and no signal.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        CrashWords.arrange()
        LoggingSystem.bootstrap { LogOutput.handler($0) }
        do {
            if let twice = RepeatedOption(in: Array(CommandLine.arguments.dropFirst()), of: Self.self) {
                throw Failure(.usage, twice.message, remedy: "leave one out")
            }
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            _exit(report(error).rawValue)
        }
        // Everything is written and closed. What libraries would do at exit races with threads that are still ending.
        _exit(ExitStatus.done.rawValue)
    }

    /// Tells what went wrong, unless it is told already, and says with which code to end.
    private static func report(_ error: any Error) -> ExitCode {
        let asJSON = Problem.isJSON(CommandLine.arguments)
        func tell(_ problem: Problem, _ status: ExitStatus) -> ExitCode {
            problem.tell(asJSON: asJSON)
            return status.exitCode
        }
        if let failure = LogError.found(in: error) {
            return tell(Problem(error, causedBy: failure), status(of: failure))
        }
        switch error {
        case is OutputClosed: return ExitStatus.done.exitCode
        case let code as ExitCode: return code
        case let failure as Failure: return tell(Problem(failure), failure.status)
        // Thrown where a command runs: the parser's words would name the usage of another command.
        case let error as ValidationError: return tell(Problem(code: "usage", message: error.message), .usage)
        case let error as StoreBackup.Absent:
            return tell(Problem(code: "notAStore", message: "\(error)", remedy: error.remedy), .storeUnusable)
        case let error as WithheldContent:
            return tell(Problem(code: "failed", message: "\(error)", remedy: error.remedy), .failed)
        case let error as UnansweredCall:
            return tell(Problem(code: "failed", message: "\(error)", remedy: error.remedy), .failed)
        case let error as QueryError: return tell(Problem(code: "usage", message: "\(error)"), .usage)
        case let failure as KeyRing.Failure: return tell(Problem(code: "usage", message: "\(failure)"), .usage)
        case let error as ViewError:
            let status = [.unknownName, .moment].contains(error.code) ? ExitStatus.usage : .storeUnusable
            return tell(Problem(code: "\(status)", message: "\(error)"), status)
        default: return reportUsage(error, asJSON: asJSON)
        }
    }

    private static func status(of error: LogError) -> ExitStatus {
        switch error.code {
        case .invalid: .usage
        case .conflict, .inUse, .tooLarge, .outcomeUnknown: .failed
        case .full, .readOnly, .newerFormat, .damaged, .notAStore, .closed, .other: .storeUnusable
        }
    }

    /// What the argument parser has to say: help and version are no failures.
    private static func reportUsage(_ error: any Error, asJSON: Bool) -> ExitCode {
        let told = message(for: error)
        let exit = exitCode(for: error)
        let unknown =
            exit == .success ? nil : UnknownOption(in: Array(CommandLine.arguments.dropFirst()), of: Self.self)
        let better = unknown?.message ?? UsageText.explained(told, arguments: CommandLine.arguments)
        let full = fullMessage(for: error).replacing(told, with: better, maxReplacements: 1)
        let text = unknown == nil ? full : UsageText.withoutHelp(full)
        switch exit {
        case .success:
            if let unknown = UnknownCommand(in: Array(CommandLine.arguments.dropFirst()), of: Self.self) {
                Problem(code: "usage", message: unknown.message, remedy: "`cairn help` lists the commands")
                    .tell(asJSON: asJSON)
                return ExitStatus.usage.exitCode
            }
            try? Terminal.print(text + "\n")
            return .success
        case .validationFailure where asJSON:
            // The first line says what is wrong, the others how the command is used.
            let usage = text.split(separator: "\n").first { $0.hasPrefix("Usage: ") }
            Problem(code: "usage", message: better, remedy: usage.map(String.init)).tell(asJSON: true)
            return ExitStatus.usage.exitCode
        case .validationFailure:
            Terminal.complain(text + "\n")
            return ExitStatus.usage.exitCode
        default:
            Problem(code: "failed", message: "\(error)").tell(asJSON: asJSON)
            return ExitStatus.failed.exitCode
        }
    }
}
