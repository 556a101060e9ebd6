package import Calls
package import CanonicalJSON
import EventLog
import Experiments
import Jobs
import Projections

extension Queries {
    /// One question of a conversation, with the texts that the row's blobs hold.
    package struct Turn: CanonicalEncodable, Sendable {
        package let run: String
        package let job: String
        /// Where its first attempt stands.
        let position: Position
        package let row: TranscriptRow
        /// What was sent; nil when it can't be had.
        package let request: JSONValue?
        /// What came back; nil when nothing did, or it can't be had.
        package let answer: String?
        /// What the job is about: model, scenario, sample, judge.
        package fileprivate(set) var labels: [String: String] = [:]
        /// The blobs of its request and answer that can't be had, and why.
        package fileprivate(set) var withheld = WithheldTexts()
        /// How the job stands; nil when it isn't known.
        fileprivate var jobState: JobStatus.State?

        /// The call as it stands.
        package var call: AskedCall { AskedCall(row, job: jobState) }

        package func encode(to writer: inout CanonicalWriter) {
            var key: [(name: String, value: JSONValue)] = [
                ("run", .string(run)), ("job", .string(job)), ("state", .string(call.state.rawValue)),
            ]
            let words = labels.sorted { $0.key < $1.key }.map { (key: $0.key, value: JSONValue.string($0.value)) }
            if let labels = JSONObject(words) { key.append(("labels", .object(labels))) }
            if let request { key.append(("requestBody", request)) }
            if let answer { key.append(("answer", .string(answer))) }
            for state in BlobState.allCases {
                guard let texts = withheld.texts(in: state), let value = try? JSONParser.parse(texts.canonicalBytes())
                else {
                    continue
                }
                key.append((state.rawValue, value))
            }
            QueryRow(key, row).encode(to: &writer)
        }
    }

    /// Conversations, job by job, turn by turn; nil for `job` or `purpose` takes those of all.
    ///
    /// A model is one whose answers it is about, or one that judges them; `limit` counts conversations.
    package func transcripts(
        _ selection: Selection, job: String? = nil, purpose: CallPurpose? = nil
    ) throws -> [Turn] {
        let runs = try runIDs(selection)
        let job = try job.map { try jobID($0) }
        let wanted = try selectedJobs(selection, in: runs)
        var found = try views.query(Transcripts.self) { tables in
            var turns: [Turn] = []
            var conversations = 0
            for run in runs where conversations <= selection.limit {
                try tables.forEach(of: run) { key, row in
                    guard job == nil || key.job == job, wanted?.contains(key.job) ?? true,
                        purpose == nil || row.purpose == purpose
                    else { return true }
                    if turns.last?.job != key.job.rawValue || turns.last?.run != run.rawValue { conversations += 1 }
                    guard conversations <= selection.limit else { return false }
                    turns.append(try turn(run, key.job, row, at: key.position))
                    return true
                }
            }
            return turns
        }
        if found.isEmpty { try checkNames(selection, in: runs, withJudges: true) }
        try noteWithheld(in: &found)
        try views.query(JobStatus.self) { tables in
            for index in found.indices {
                guard let id = JobID(rawValue: found[index].job), let job = try tables.jobs.get(id) else { continue }
                found[index].labels = job.labels
                found[index].jobState = job.state
            }
        }
        return found
    }

    /// The jobs whose labels fit; nil when all do.
    private func selectedJobs(_ selection: Selection, in runs: [RunID]) throws -> Set<JobID>? {
        guard selection.model != nil || selection.scenario != nil || selection.judge != nil else { return nil }
        let definitions = try definitions(of: runs)
        var others = selection
        others.model = nil
        return try views.query(JobStatus.self) { tables in
            var jobs: Set<JobID> = []
            for run in runs {
                let judges = definitions[run]?.judges.filter { $0.model.id == selection.model }.map(\.id) ?? []
                for state in JobStatus.State.allCases {
                    try tables.forEach(of: run, in: state) { id, row in
                        let isBy = row.labels["judge"].map { judges.contains($0) } ?? false
                        if selection.matches(row.labels) || isBy && others.matches(row.labels) { jobs.insert(id) }
                        return true
                    }
                }
            }
            return jobs
        }
    }

    /// Tells of those texts that can't be had why not.
    private func noteWithheld(in turns: inout [Turn]) throws {
        let blobs = BlobStates(of: store.log)
        for index in turns.indices {
            let turn = turns[index]
            if turn.request == nil, try store.log.blob(turn.row.request) == nil {
                turns[index].withheld.request = try blobs.withheld(turn.row.request, namedAt: turn.position)
            }
            if turn.answer == nil, let body = turn.row.exchange?.body, try store.log.blob(body) == nil {
                turns[index].withheld.answer = try blobs.withheld(body, namedAt: turn.position)
            }
        }
    }

    private func turn(
        _ run: RunID, _ job: JobID, _ row: TranscriptRow, at position: Position
    ) throws -> Turn {
        let request = try store.log.blob(row.request).flatMap { try? JSONParser.parse($0) }
        return Turn(
            run: run.rawValue, job: job.rawValue, position: position, row: row, request: request,
            answer: try row.answer { try store.log.blob($0) })
    }
}

/// The texts of a turn that can't be had.
package struct WithheldTexts: CanonicalEncodable, Sendable {
    package fileprivate(set) var request: WithheldBlob?
    package fileprivate(set) var answer: WithheldBlob?

    /// Those that can't be had for one reason; nil for none.
    fileprivate func texts(in state: BlobState) -> WithheldTexts? {
        var texts = WithheldTexts()
        if request?.state == state { texts.request = request }
        if answer?.state == state { texts.answer = answer }
        return texts.request == nil && texts.answer == nil ? nil : texts
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("answer", answer)
        writer.optionalField("request", request)
        writer.endObject()
    }
}
