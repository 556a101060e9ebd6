import ArgumentParser
import Cairn
import CanonicalJSON
import Determinism
import Jobs

/// The command `cairn submit`.
struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Submit jobs to queues: one, many alike, or a flow from a file.",
        discussion: """
            A file has one JSON object a line (or - for standard input): kind, and as needed name, queue, input, after, \
            join, priority, notBefore, deadline, timeout, attempts, backoff, longestBackoff, tags, unique. `after` lists \
            names of the same file, or {"id": …} of earlier jobs, each with onFailure: fail, continue or skip. `unique` \
            is a key, or {"key": …} with scope (queue, kind, store), hold (untilFinished, untilStarted, whileWaiting, or \
            a length) and onConflict (reject, existing, replaceWaiting, keepLatest). Lengths of time are texts as in \
            "100ms", "90s" or "2h". Submitting again under the same --id finds the same jobs and adds only what is \
            missing.

            EXAMPLE
              cairn submit flow.jsonl --id night-7
              cairn submit --kind noop --count 1000 && cairn work --until-empty
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Argument(help: "The jobs, one JSON object a line; - reads standard input.")
    var file: String?

    @Option(help: ArgumentHelp("What to call the submission, so that repeating it is harmless.", valueName: "name"))
    var id: String?

    @Option(
        help: ArgumentHelp(
            "The file of the programs, whose kinds say when a failed attempt is made again where a job doesn't.",
            valueName: "file"))
    var handlers: String?

    @Option(help: "Without a file: the kind of the job.")
    var kind: String?

    @Option(parsing: .unconditional, help: "Without a file: how many jobs like this.")
    var count = 1

    @Option(help: "Without a file: the queue; default: default.")
    var queue: String?

    @Option(help: "Without a file: the input, as JSON.")
    var input: String?

    @Option(parsing: .unconditional, help: "Without a file: from -100 to 100, the higher first.")
    var priority: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Without a file: not before so long from now, as in 90, 250ms or 2h.", valueName: "length"),
        transform: LengthArgument.init)
    var delay: LengthArgument?

    @Option(help: "Without a file: a job to wait for, or the beginning of its id; may be repeated.")
    var after: [String] = []

    @Option(help: ArgumentHelp("Without a file: a tag; may be repeated.", valueName: "key=value"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("Without a file: a key that no other job under way may have.", valueName: "key"))
    var unique: String?

    @Option(help: "With --unique: among which jobs; queue (default), kind or store.")
    var scope: QueueTerms.Unique.Scope?

    @Option(
        help: ArgumentHelp(
            "With --unique: untilFinished (default), untilStarted, whileWaiting, or a length as in 90s or 2h.",
            valueName: "hold"))
    var hold: String?

    @Option(help: "With --unique, when another has it: reject (default), existing, replaceWaiting or keepLatest.")
    var onConflict: QueueTerms.Unique.Conflict?

    func validate() throws {
        if id == "" { throw ValidationError("--id takes a name; found nothing") }
        guard (file == nil) != (kind == nil) else {
            throw ValidationError("give a file of jobs, or --kind for jobs that are all alike")
        }
        let isDescribed =
            count != 1 || queue != nil || input != nil || priority != nil || delay != nil
            || !after.isEmpty || !tag.isEmpty || unique != nil
        if file != nil, isDescribed {
            throw ValidationError("a file says what its jobs are; leave out the options that describe one")
        }
        guard (1...10_000_000).contains(count) else {
            throw ValidationError("--count takes a number from 1 to 10,000,000; found \(count)")
        }
        if unique == nil, scope != nil || hold != nil || onConflict != nil {
            throw ValidationError("--scope, --hold and --on-conflict say more of --unique; give a key with it")
        }
    }

    func run() async throws {
        let kinds = try handlers.map(HandlerFile.catalogue)
        let file = try file.map { try JobFile($0) { kind in kinds?[kind]?.retry ?? .standard } }
        if file?.requests.isEmpty == true {
            throw Failure(.usage, "\(self.file ?? "-") has no jobs", remedy: "write one a line")
        }
        let described = try file == nil ? alike(kinds) : nil
        let store = try Store.open(at: store.path, .create)
        defer { store.close() }
        let requests = try file?.requests ?? waiting(described, in: store)
        let submitID = id ?? WorkerID.new().rawValue
        let receipt: QueueSubmitter.Receipt
        do {
            receipt = try await QueueService(store).submit(requests, id: submitID, by: Person.current)
        } catch let refusal as QueueSubmitter.Refusal {
            throw Failure(refusal, in: file)
        }
        let known = receipt.jobs.count - receipt.new
        let pruned = try QueueService(store).pruned(of: receipt)
        try answer.output.print(Receipt(receipt, submitID, pruned: pruned)) {
            return "submission \(submitID): " + Quantities.counted(receipt.jobs.count, "job")
                + (known == 0 ? "" : ", \(Quantities.grouped(known)) of them there already") + "\n"
                + (pruned == 0 ? "" : Self.tell(pruned: pruned))
                + receipt.answered.map { "job \($0 + 1): \(receipt.jobs[$0]) has its unique key\n" }.joined()
        }
    }

    private func alike(_ kinds: HandlerCatalogue?) throws -> JobRequest {
        var request = JobRequest(kind: kind ?? NoopHandler.kind)
        if let policy = kinds?[request.kind]?.retry { request.retry = policy }
        if let queue { request.queue = queue }
        if let priority { request.priority = priority }
        if let delay { request.notBefore = TimeSource.system.time() + delay.length }
        if let input {
            do throws(JSONError) {
                request.input = try JSONParser.parse(Array(input.utf8))
            } catch {
                throw Failure(.usage, "--input takes JSON: \(error)")
            }
        }
        for tag in tag {
            let parts = tag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw Failure(.usage, "--tag takes key=value; found \(tag)")
            }
            request.tags[String(parts[0])] = String(parts[1])
        }
        if let unique {
            request.unique = QueueTerms.Unique(
                unique, scope: scope ?? .queue, hold: try lasting(), onConflict: onConflict ?? .reject)
        }
        return request
    }

    /// So many of it as are wanted, each waiting for the jobs that were named.
    private func waiting(_ described: JobRequest?, in store: Store) throws -> [JobRequest] {
        guard var request = described else { return [] }
        request.after = try after.map { JobRequest.Parent(.id(try store.queueJob(startingWith: $0).id)) }
        return Array(repeating: request, count: count)
    }
}

extension SubmitCommand {
    private static func tell(pruned: Int) -> String {
        Quantities.counted(pruned, "job")
            + " of this submission ended earlier and \(pruned == 1 ? "was" : "were") dropped by `cairn jobs prune`: the log "
            + "has what became of \(pruned == 1 ? "it" : "them"), nothing lists \(pruned == 1 ? "it" : "them"); to have "
            + "\(pruned == 1 ? "it" : "them") done again submit under another --id\n"
    }

    private func lasting() throws -> QueueTerms.Unique.Hold {
        guard let hold else { return .untilFinished }
        if let known = QueueTerms.Unique.Hold(word: hold) { return known }
        guard let length = LengthArgument(argument: hold)?.length, length > .zero else {
            throw Failure(
                .usage,
                "--hold takes untilFinished, untilStarted, whileWaiting, or a length as in 90, 250ms or 2h; found \(hold)"
            )
        }
        return .lasting(length)
    }
}

extension QueueTerms.Unique.Scope: ExpressibleByArgument {}
extension QueueTerms.Unique.Conflict: ExpressibleByArgument {}

extension Failure {
    /// Why a submission was refused; without a file its jobs are all alike, and the first one stands for them.
    init(_ refusal: QueueSubmitter.Refusal, in file: JobFile?) {
        switch refusal {
        case .problems(let found):
            self = file?.failure(found) ?? Failure(found.problems[0], "")
        case .submittedDifferently(let submitID, let jobs):
            self.init(
                .usage, "the submission \(submitID) is there with other content, of " + Quantities.counted(jobs, "job"),
                remedy: "give this one another --id")
        case .draining(let queue):
            self.init(
                .failed, "the queue \(queue) takes no jobs while it drains",
                remedy: "cairn jobs configure \(queue) --accept opens it")
        case .keyHeld(let index, let name, let key, let holder):
            let who = holder.map { "job \($0) has" } ?? "others keep taking"
            let place = file?.place(of: index) ?? ""
            self.init(
                .failed, "\(place)\(name.map { "job “\($0)”: " } ?? "")\(who) the unique key “\(key)”",
                remedy:
                    "wait for it, or submit with \(file == nil ? "--on-conflict" : "onConflict") existing, "
                    + "replaceWaiting or keepLatest")
        }
    }
}

private struct Receipt: CanonicalEncodable {
    private let receipt: QueueSubmitter.Receipt
    private let submitID: String
    private let pruned: Int

    init(_ receipt: QueueSubmitter.Receipt, _ submitID: String, pruned: Int) {
        self.pruned = pruned
        self.receipt = receipt
        self.submitID = submitID
    }

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        if !receipt.answered.isEmpty { writer.field("answered", receipt.answered) }
        writer.field("jobs", receipt.jobs)
        writer.field("new", receipt.new)
        if pruned > 0 { writer.field("pruned", pruned) }
        writer.field("run", receipt.run)
        writer.field("submitId", submitID)
        writer.endObject()
    }
}
