import ArgumentParser
import Cairn
import Determinism
import EventLog

/// The command `cairn audit redact`.
struct AuditRedactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redact", abstract: "Erase prompts, answers and other blobs, as an event, from every file.",
        discussion: """
            The log keeps the hashes and verifies as before; queries show what was erased, by whom and why; what was \
            derived from it remains. What others named too stays, and is listed, unless --shared; where the work of others \
            rests on it, such as the definition of a run or a rubric, it also takes --far-reaching. A job brings along \
            those that were given its answers, such as judges. Words in events themselves (labels, messages, results) \
            can't be erased, since the log is never rewritten: it says which. Copies made earlier are outside of its \
            reach; cairn audit trail tells which exports there were.

            EXAMPLE
              cairn audit redact --subject participant-7 --reason "withdrew consent" --dry-run
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Option(help: ArgumentHelp("This blob, for whoever names it.", valueName: "hash"))
    var blob: String?

    @Option(help: "What this job named: its id, or the beginning of it.")
    var job: String?

    @Option(help: "What this run named: its id, or the beginning of it.")
    var run: String?

    @Option(
        help: ArgumentHelp(
            "What jobs about it named: those with the label or tag subject, or a scenario with the variable subject.",
            valueName: "name"))
    var subject: String?

    @Option(help: ArgumentHelp("Why; recorded for good.", valueName: "text"))
    var reason: String?

    @Flag(help: "Also what others named, too.")
    var shared = false

    @Flag(help: "With --shared: also definitions, rubrics and other things that the work of others rests on.")
    var farReaching = false

    @Flag(help: "Change nothing, and say what would be erased.")
    var dryRun = false

    func validate() throws {
        _ = try target()
        if let blob, Digest(hex: blob) == nil {
            throw ValidationError("--blob takes 64 hex digits; found \(blob)")
        }
        if farReaching, !shared { throw ValidationError("--far-reaching goes with --shared; give both") }
        if !dryRun, reason?.isEmpty ?? true { throw ValidationError("say why with --reason; it is recorded for good") }
    }

    private func target() throws -> RedactionTarget {
        let named: [(RedactionTarget.Kind, String?)] = [
            (.blob, blob), (.job, job), (.run, run), (.subject, subject),
        ]
        let given = named.compactMap { kind, name in name.map { RedactionTarget(kind, $0) } }
        guard given.count == 1, let target = given.first, !(named.contains { $0.1 == "" }) else {
            throw ValidationError("say what to erase: one of --blob, --job, --run and --subject")
        }
        return target
    }

    func run() async throws {
        let redaction = Redaction(in: store.path)
        do {
            if dryRun {
                let plan = try redaction.preview(try target(), sharedToo: shared)
                try answer.output.print(plan) { RedactionText.text(plan) }
                return
            }
            let outcome = try await redaction.redact(
                try target(), sharedToo: shared, isFarReachingMeant: farReaching, by: .user(Person.current),
                reason: reason ?? ""
            ) { plan in
                if !answer.output.asJSON { Terminal.complain(RedactionText.consequences(plan)) }
            }
            try answer.output.print(outcome) { RedactionText.text(outcome) }
            if !outcome.isScrubbed || !outcome.remaining.isEmpty { throw ExitStatus.failed.exitCode }
        } catch let problem as RedactionProblem {
            switch problem {
            case .unknown, .ambiguous: throw Failure(.usage, "\(problem)")
            case .sealed:
                throw Failure(.failed, "\(problem)", remedy: "put the store's keys/ back into its directory")
            case .farReaching:
                throw Failure(
                    .failed, "\(problem)",
                    remedy: "if all of this is meant, add --far-reaching; without --shared what others name stays")
            }
        }
    }
}

/// What was or would be erased, in words.
enum RedactionText {
    static func text(_ plan: RedactionPlan) -> String {
        "\(Quantities.counted(plan.blobs.count, "blob")) would be erased for the \(plan.target)\n" + consequences(plan)
            + rest(plan)
    }

    /// What won't be possible any more; told before it is done.
    static func consequences(_ plan: RedactionPlan) -> String {
        let derived = plan.loss.derived.reduce(0) { $0 + $1.events }
        let lines =
            plan.uses.map(\.warning)
            + (plan.loss.runs.isEmpty
                ? []
                : ["\(Quantities.counted(plan.loss.runs.count, "run")) can't be executed again: \(few(plan.loss.runs))"])
            + (derived == 0
                ? []
                : [
                    "\(Quantities.counted(derived, "derived event")) can't be checked any more by `cairn replay verify`: "
                        + few(plan.loss.derived.map { "\(Quantities.grouped($0.events)) \($0.type)" })
                ])
        return lines.isEmpty ? "" : "what is lost with that:\n" + lines.map { "  \($0)\n" }.joined()
    }

    private static func few(_ names: [String]) -> String {
        names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
    }

    static func text(_ outcome: Redaction.Outcome) -> String {
        "\(Quantities.counted(outcome.erased.count, "blob")) erased for the \(outcome.plan.target), "
            + "\(Quantities.bytes(outcome.erased.bytes))\n" + rest(outcome.plan)
            + (outcome.remaining.isEmpty
                ? ""
                : "\(Quantities.counted(outcome.remaining.count, "blob")) named again meanwhile, and kept for that: "
                    + "end what works on it, and redact again\n")
            + (outcome.obstacle.map {
                "no command shows them any more, but their bytes are still in the files: \($0)\n"
                    + "the next command that has the store for itself takes them from there\n"
            } ?? "")
    }

    private static func rest(_ plan: RedactionPlan) -> String {
        (plan.dependents == 0
            ? ""
            : "with \(Quantities.counted(plan.dependents, "job")) that \(plan.dependents == 1 ? "was" : "were") given "
                + "the answers of others\n")
            + (plan.kept.isEmpty
                ? ""
                : "\(Quantities.counted(plan.kept.count, "blob")) kept, since others name them, too; --shared erases them:\n"
                    + plan.kept.map {
                        "  \($0.digest.hex)  \($0.role.rawValue) of \($0.others.joined(separator: ", "))\n"
                    }
                    .joined())
            + (plan.farReaching.isEmpty
                ? ""
                : "of it what others rest on, erased with --far-reaching alone:\n"
                    + plan.farReaching.map { $0.warning + "\n" }.joined())
            + (plan.remainder.isEmpty
                ? ""
                : "in events, which stay: "
                    + plan.remainder.map { "\($0.what) in \(Quantities.grouped($0.events)) \($0.type)" }
                    .joined(separator: "; ") + "\n")
    }
}
