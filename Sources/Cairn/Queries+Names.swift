import CanonicalJSON
import EventLog
import Experiments
import Jobs
import Projections

// What doesn't exist is told with what does.
extension Queries {
    /// An empty answer to a question about something that doesn't exist is an error that says what does.
    ///
    /// `withJudges`: a model may also be one that judges.
    func checkNames(_ selection: Selection, in runs: [RunID], withJudges: Bool = false) throws {
        guard !runs.isEmpty, selection.model != nil || selection.scenario != nil || selection.judge != nil else {
            return
        }
        let definitions = try definitions(of: runs)
        guard definitions.count == runs.count else { return }
        let all = runs.compactMap { definitions[$0] }
        let judges = withJudges ? all.flatMap { $0.judges.map(\.model.id) } : []
        try check("model", selection.model, all.flatMap { $0.models.map(\.id) } + judges)
        try check("scenario", selection.scenario, all.flatMap { $0.scenarios.map(\.id) })
        try check("judge", selection.judge, all.flatMap { $0.judges.map(\.id) })
    }

    func check(_ kind: String, _ wanted: String?, _ known: [String]) throws {
        guard let wanted, !known.contains(wanted) else { return }
        throw QueryError.label(kind, wanted, known: Set(known).sorted())
    }

    /// The definition of a run; where it can't be had an error says why.
    func definition(of run: RunID) throws -> ExperimentDefinition {
        if let definition = try definitions(of: [run])[run] { return definition }
        let what = "the definition of the run \(run)"
        let stream = try StreamName(category: Run.category, id: run.rawValue)
        guard let position = try store.log.position(of: stream, revision: .first),
            let digest = try views.query(Runs.self, { try $0.runs.get(run)?.definition })
        else { throw QueryError.run(run.rawValue, fitting: []) }
        guard try store.log.blob(digest) == nil else {
            throw LogError(
                .newerFormat, during: "reading \(what)", "this program doesn't know its form; use a newer one")
        }
        throw WithheldContent(what, try BlobStates(of: store.log).withheld(digest, namedAt: position))
    }

    /// The definitions of runs; those whose blobs are gone are left out.
    func definitions(of runs: [RunID]) throws -> [RunID: ExperimentDefinition] {
        let digests = try views.query(Runs.self) { tables in
            try runs.compactMap { run in try tables.runs.get(run).map { (run, $0.definition) } }
        }
        var definitions: [RunID: ExperimentDefinition] = [:]
        for (run, digest) in digests {
            guard let bytes = try store.log.blob(digest) else { continue }
            definitions[run] = try? ExperimentDefinition(canonicalBytes: bytes)
        }
        return definitions
    }
}

/// A question that can't be answered as it was put.
package enum QueryError: Error, CustomStringConvertible {
    static let mostNames = 10

    case run(String, fitting: [String])
    /// Those that fit are at most ten.
    case job(String, fitting: [String])
    case label(String, String, known: [String])
    case submission(String)
    case kind(String, known: [String])

    package var description: String {
        switch self {
        case .run(let wanted, let fitting) where fitting.isEmpty:
            "no run's id begins with «\(wanted)»; `cairn query runs` lists them"
        case .run(let wanted, let fitting):
            "«\(wanted)» fits \(fitting.count) runs: \(fitting.joined(separator: ", "))"
        case .job(let wanted, let fitting) where fitting.isEmpty:
            "no job's id begins with «\(wanted)»; `cairn query jobs` lists them"
        case .job(let wanted, let fitting):
            "«\(wanted)» fits \(fitting.count == Self.mostNames ? "\(fitting.count) or more" : "\(fitting.count)") jobs: "
                + fitting.joined(separator: ", ")
        case .submission(let wanted):
            "there is no submission «\(wanted)», or all of its jobs were dropped; `cairn query submissions` lists the others"
        case .kind(let wanted, let known):
            "no job of a queue is of the kind «\(wanted)»" + Self.others(known)
        case .label(let kind, let wanted, let known):
            "there is no \(kind) «\(wanted)»" + Self.others(known)
        }
    }

    /// What there is in the place of what isn't there.
    private static func others(_ known: [String]) -> String {
        if known.isEmpty { return ", nor any other" }
        return "; there \(known.count == 1 ? "is" : "are") " + list(known)
    }

    /// Some names, and how many more there are.
    static func list(_ names: [String]) -> String {
        names.prefix(mostNames).joined(separator: ", ")
            + (names.count > mostNames ? " and \(names.count - mostNames) others" : "")
    }
}
