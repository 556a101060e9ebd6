import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Scoring

/// Which events belong to what somebody wants erased.
///
/// A job brings along those that were given its answers: what a judge was sent holds what the model said.
struct RedactionScope {
    /// The jobs and runs that events name, as far as a target can be about them.
    private(set) var jobs: Set<String> = []
    private var run: String?
    /// Of the runs that the jobs belong to: they hold what the prompts were made from.
    private(set) var definitions: Set<Digest> = []
    /// Jobs that are in it since they were given the answers of others.
    private(set) var dependents = 0

    /// Finds out what a target means; its name may be the beginning of an id.
    static func resolve(
        _ target: RedactionTarget, in log: LMDBLog
    ) throws -> (target: RedactionTarget, scope: RedactionScope) {
        var scope = RedactionScope()
        switch target.kind {
        case .blob:
            return (target, scope)
        case .run:
            let run = try Submissions(in: log).run(target.name)
            scope.run = run
            return (RedactionTarget(.run, run), scope)
        case .job:
            let submissions = try Submissions(in: log)
            let job = try submissions.job(target.name)
            scope.take([job], submissions)
            return (RedactionTarget(.job, job.rawValue), scope)
        case .subject:
            let submissions = try Submissions(in: log)
            let sealed = try Set(submissions.definitionsToRead.compactMap { try log.missingKeyFile(of: $0) })
            guard sealed.isEmpty else { throw RedactionProblem.sealed(target, keys: sealed.sorted()) }
            let jobs = try submissions.jobs(of: target.name) { try log.blob($0) }
            guard !jobs.isEmpty else { throw RedactionProblem.unknown(target) }
            scope.take(jobs, submissions)
            return (target, scope)
        }
    }

    private mutating func take(_ wanted: [JobID], _ submissions: Submissions) {
        let whole = submissions.withDependents(wanted)
        jobs = Set(whole.map(\.rawValue))
        dependents = whole.count - wanted.count
        definitions = submissions.definitions(of: wanted)
    }

    /// Whether an event belongs to it.
    func includes(_ event: Event) throws -> Bool {
        if let run {
            if event.stream.id == run, [Run.category, Ranking.category].contains(event.stream.category) { return true }
            return try event.metadata().run == run
        }
        if jobs.isEmpty { return false }
        if let job = try event.metadata().job { return jobs.contains(job) }
        return event.stream.category == Job.category && jobs.contains(event.stream.id)
    }
}

/// Who belongs to whom, as the submissions of jobs and runs say.
struct Submissions {
    private struct Entry {
        let id: JobID
        let run: RunID
        let scenario: String?
        let subject: String?
    }

    private var jobs: [Entry] = []
    private var children: [JobID: [JobID]] = [:]
    private var definitions: [RunID: Digest] = [:]
    private var runs: Set<String> = []

    init(in log: any Log) throws {
        try log.scan(
            from: .first, to: nil, matching: EventFilter(types: [JobSubmitted.type, RunSubmitted.type])
        ) { event in
            if event.hasType(RunSubmitted.type), let run = RunID(rawValue: event.stream.id) {
                definitions[run] = try event.decode(RunSubmitted.self).definition
                runs.insert(run.rawValue)
            } else if event.hasType(JobSubmitted.type), let id = JobID(inStreamOf: event) {
                let job = try event.decode(JobSubmitted.self)
                let labels = job.labels
                jobs.append(
                    Entry(id: id, run: job.run, scenario: labels["scenario"], subject: labels[Subjects.name]))
                for parent in job.after { children[parent, default: []].append(id) }
                runs.insert(job.run.rawValue)
            }
        }
    }

    func run(_ beginning: String) throws(RedactionProblem) -> String {
        if runs.contains(beginning) { return beginning }
        let fitting = runs.filter { $0.hasPrefix(beginning) }.sorted()
        guard let run = fitting.first, !beginning.isEmpty else { throw .unknown(RedactionTarget(.run, beginning)) }
        guard fitting.count == 1 else { throw .ambiguous(RedactionTarget(.run, beginning), fitting: fitting) }
        return run
    }

    func job(_ beginning: String) throws(RedactionProblem) -> JobID {
        var fitting: [JobID] = []
        for job in jobs where job.id.rawValue.hasPrefix(beginning) {
            if job.id.rawValue == beginning { return job.id }
            fitting.append(job.id)
        }
        guard let job = fitting.first, !beginning.isEmpty else { throw .unknown(RedactionTarget(.job, beginning)) }
        guard fitting.count == 1 else {
            throw .ambiguous(RedactionTarget(.job, beginning), fitting: fitting.map(\.rawValue))
        }
        return job
    }

    /// The jobs about a subject: by their label or tag, or by the variable of their scenario.
    func jobs(of subject: String, blob: (Digest) throws -> [UInt8]?) throws -> [JobID] {
        var subjects = Subjects()
        return try jobs.filter { job in
            if let labelled = job.subject { return labelled == subject }
            guard let scenario = job.scenario, let definition = definitions[job.run] else { return false }
            return try subjects.subject(of: scenario, in: definition, blob: blob) == subject
        }.map(\.id)
    }

    /// The definitions that say whom jobs are about which don't say it themselves.
    var definitionsToRead: Set<Digest> {
        Set(jobs.lazy.filter { $0.subject == nil && $0.scenario != nil }.compactMap { definitions[$0.run] })
    }

    func definitions(of wanted: [JobID]) -> Set<Digest> {
        let wanted = Set(wanted)
        return Set(jobs.lazy.filter { wanted.contains($0.id) }.compactMap { definitions[$0.run] })
    }

    /// The jobs, and those that wait for them, and so on.
    func withDependents(_ wanted: [JobID]) -> [JobID] {
        var found = Set(wanted)
        var all = wanted
        var next = 0
        while next < all.count {
            for child in children[all[next]] ?? [] where found.insert(child).inserted { all.append(child) }
            next += 1
        }
        return all
    }
}

/// Whom a job is about: the label or tag `subject`, or the variable `subject` of the scenario, such as a dataset's column.
struct Subjects {
    static let name = "subject"

    /// By definition, the subjects of its scenarios.
    private var known: [Digest: [String: String]] = [:]

    /// Nil where the scenario names none, or the definition isn't in the store any more.
    mutating func subject(
        of scenario: String, in definition: Digest, blob: (Digest) throws -> [UInt8]?
    ) throws -> String? {
        if let known = known[definition] { return known[scenario] }
        var subjects: [String: String] = [:]
        if let bytes = try blob(definition), let read = try? ExperimentDefinition(canonicalBytes: bytes) {
            for scenario in read.scenarios { subjects[scenario.id] = scenario.variables[Self.name] }
        }
        known[definition] = subjects
        return subjects[scenario]
    }
}

/// Why nothing can be erased as it was asked.
package enum RedactionProblem: Error, Equatable, CustomStringConvertible {
    case unknown(RedactionTarget)
    case ambiguous(RedactionTarget, fitting: [String])
    /// Which jobs are about it is said in definitions that are sealed, with keys that aren't here.
    case sealed(RedactionTarget, keys: [String])
    /// It would take away what the work of others rests on, and nobody said that this is meant.
    case farReaching(RedactionTarget, [RedactionPlan.Shared])

    package var description: String {
        switch self {
        case .unknown(let target) where target.kind == .blob:
            "no event names the blob \(target.name); `cairn query job --json` and exports show the hashes. It may be the digest "
                + "of a text, such as data.answer of llm.callCompleted: the text is kept in the body of the response, whose hash "
                + "is data.exchange.body"
        case .unknown(let target) where target.kind == .subject:
            "no job is about the subject «\(target.name)»: none has it as label or tag `subject`, and no scenario as "
                + "variable `subject`"
        case .unknown(let target):
            "no \(target.kind.rawValue)'s id begins with «\(target.name)»; `cairn query \(target.kind.rawValue)s` lists them"
        case .farReaching(let target, let shared):
            "nothing is erased: the redaction of the \(target) would take away what others rest on:\n"
                + shared.map(\.warning).joined(separator: "\n")
        case .sealed(let target, let keys):
            "nothing is erased: which jobs are about the subject «\(target.name)» can't be known, since definitions of runs are "
                + "sealed with keys that aren't here: " + keys.prefix(10).joined(separator: ", ")
                + (keys.count > 10 ? " and \(keys.count - 10) more" : "")
        case .ambiguous(let target, let fitting):
            "«\(target.name)» fits \(fitting.count) \(target.kind.rawValue)s: "
                + fitting.prefix(10).joined(separator: ", ")
        }
    }
}

extension RedactionPlan.Shared {
    /// What it is, who names it, and what they lose, in a line.
    package var warning: String { "  \(digest.hex)  \(role.warning(of: others, events: events))" }
}

extension SharedRole {
    /// What a blob is to others, how many events name it, and what they lose with it.
    func warning(of others: [String], _ work: String = "", events: Int) -> String {
        "\(rawValue) of \(others.joined(separator: ", "))\(work) (\(counted(events, "event"))): \(consequence)"
    }
}
