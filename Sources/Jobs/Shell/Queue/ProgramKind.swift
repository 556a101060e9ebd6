package import Determinism

/// A kind of job that a program of the user's does: what to run, where, with what, and how far it may go.
package struct ProgramKind: Equatable, Sendable {
    package static let longestTimeout = Microseconds.hours(24 * 7)
    package static let standardResult = 1 << 20

    /// What jobs call it.
    package let name: String
    /// The program and its arguments.
    ///
    /// A program without a slash is looked for in `PATH`; one with a slash and without a
    /// leading one is in `directory`.
    package let command: [String]
    /// Run once before the first job; anything but exit code 0 means that the jobs can't be done here.
    package let check: [String]?
    /// Where it runs; an absolute path.
    package let directory: String
    /// The variables that it gets besides `PATH`, `HOME`, `LANG` and `TZ`; all others are kept from it.
    package let environment: [String]
    /// The most bytes of a result.
    package let largestResult: Int
    /// The most bytes of address space of each of its processes; nil for no limit of ours.
    package let memory: Int?
    /// The most of them at once; nil leaves it to the worker.
    package let most: Int?
    /// Whose calls its jobs make: retries of all kinds that name it share one budget; nil for none.
    package let provider: ProviderID?
    /// When a failed attempt is made again, where a job doesn't say.
    package let retry: RetryPolicy
    /// How long an attempt may take, where a job doesn't say; nil for no limit of ours.
    package let timeout: Microseconds?

    /// Traps on an empty command.
    package init(
        _ name: String, command: [String], directory: String, check: [String]? = nil, environment: [String] = [],
        timeout: Microseconds? = nil, memory: Int? = nil, most: Int? = nil, provider: ProviderID? = nil,
        retry: RetryPolicy = .standard, largestResult: Int = standardResult
    ) {
        precondition(!command.isEmpty && check?.isEmpty != true, "a command names a program")
        self.name = name
        self.command = command
        self.check = check
        self.directory = directory
        self.environment = environment
        self.largestResult = largestResult
        self.memory = memory
        self.most = most
        self.provider = provider
        self.retry = retry
        self.timeout = timeout
    }
}

/// The kinds of jobs that programs of the user's do, as `handlers.yaml` tells them.
package struct HandlerCatalogue: Equatable, Sendable {
    /// By name.
    package let kinds: [ProgramKind]

    /// Of two kinds with one name the first counts.
    package init(_ kinds: [ProgramKind] = []) {
        var seen: Set<String> = []
        self.kinds = kinds.filter { seen.insert($0.name).inserted }.sorted { $0.name < $1.name }
    }

    package subscript(name: String) -> ProgramKind? { kinds.first { $0.name == name } }

    /// The programs as handlers, by kind.
    ///
    /// `variables` are those of which the programs get the ones they name.
    package func handlers(
        variables: [String: String] = ProgramEnvironment.ofThisProcess()
    ) -> [String: any QueueHandler] {
        var handlers: [String: any QueueHandler] = [:]
        for kind in kinds { handlers[kind.name] = ProgramHandler(kind, variables: variables) }
        return handlers
    }
}
