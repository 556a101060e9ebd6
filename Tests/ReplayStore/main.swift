import Calls
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Jobs
import Providers
import Scoring

// Writes a store of derived events as a long judged run leaves them, for the bench:
//   ReplayStore DIRECTORY EVENTS
// Each judge's job is asked twice: refused with status 500, which is classified and put off, then answered and scored. So four
// of seven events are derived. Every 5,000 scores a run ends with a ranking.

let directory = CommandLine.arguments[1]
let wanted = Int(CommandLine.arguments[2]) ?? 1_000_000

let log = try LMDBLog.open(at: directory, .init(durability: .noSync))
let adapter = OpenAIChat.self
let rubric = Rubric(criteria: [
    Criterion(id: "clear", description: "Easy to understand", weight: 1, min: 1, max: 5),
    Criterion(id: "sound", description: "Nothing in it is wrong", weight: 2, min: 1, max: 5),
])
let terms = CallTerms()
let models = (0..<5).map { RankedModel(cells: 1_000, id: "model-\($0)") }
let scoresOfARun = 5_000

/// Answers of the judge: as many as there are bodies, so that reading a blob is no lucky hit.
let answers: [(body: Blob, result: ChatResult)] = try (0..<4_096).map { number in
    let (clear, sound) = (1 + number % 5, 1 + number / 5 % 5)
    let scores = #"{\"criteria\": {\"clear\": {\"score\": \#(clear)}, \"sound\": {\"score\": \#(sound)}}}"#
    let body = """
        {"id": "chatcmpl-\(number)", "object": "chat.completion", "created": 1790000000, "model": "judge-1", \
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "\(scores)", "refusal": null}, \
        "logprobs": null, "finish_reason": "stop"}], "usage": {"prompt_tokens": \(300 + number), \
        "completion_tokens": 24, "total_tokens": \(324 + number)}, "system_fingerprint": "fp_\(number % 7)"}
        """
    let bytes = Array(body.utf8)
    return (Blob(bytes), try adapter.result(status: 200, headers: [:], body: bytes).get())
}
let refusal = Blob(Array(#"{"error": {"message": "overloaded", "type": "server_error"}}"#.utf8))
let refused: ProviderError =
    switch adapter.result(status: 500, headers: [:], body: refusal.bytes) {
    case .failure(let error): error
    case .success: preconditionFailure("status 500 is a refusal")
    }
let request = Blob(Array(#"{"messages":[],"model":"judge"}"#.utf8))
let worker = WorkerID(identifying: ["bench"])
let termsBlob = Blob(terms.canonicalBytes())
let rubricBlob = Blob(rubric.canonicalBytes())
let modelsBlob = Blob(models.canonicalBytes())

/// Collects commits, and knows the position that each event will have.
struct Draft {
    var commits: [Commit] = []
    var next: UInt64 = 0

    mutating func add<P: EventPayload>(
        _ payload: P, _ stream: StreamName, _ revision: Int, _ time: Timestamp, cause: Cause? = nil,
        _ blobs: [Blob] = []
    ) -> Position {
        let event = NewEvent(
            type: P.type, version: payload.writtenVersion, time: time, data: payload.canonicalBytes(),
            metadata: EventMetadata(cause: cause, worker: worker.rawValue).canonicalBytes())
        let expected: ExpectedRevision = revision == 0 ? .noStream : .exact(Revision(UInt64(revision - 1)))
        commits.append(Commit(stream: stream, expected: expected, events: [event], blobs: blobs))
        defer { next += 1 }
        return Position(next)
    }

    mutating func write(to log: LMDBLog) async throws {
        for result in await log.append(commits) { _ = try result.get() }
        commits.removeAll(keepingCapacity: true)
    }
}

func exchange(_ body: Blob, status: Int, _ number: Int) -> CallExchange {
    CallExchange(
        body: body.digest, firstByte: Microseconds(400_000 + Int64(number % 1_000)),
        headers: ["content-type": "application/json"], queued: Microseconds(12),
        status: status, total: Microseconds(500_000))
}

func judge(_ number: Int, of run: RunID, in draft: inout Draft) throws -> (score: ScoreComputed, at: Position) {
    let time = Timestamp(microseconds: 1_790_000_000_000_000 + Int64(number) * 1_000)
    let labels = ["judge": "j", "model": models[number % models.count].id, "sample": "1", "scenario": "s\(number)"]
    let job = JobID(identifying: [run.rawValue, String(number)])
    let submitted = draft.add(
        JobSubmitted(kind: "judge", labels: labels, lane: "bench", maxAttempts: 3, ordinal: number, run: run),
        try StreamName(category: Job.category, id: job.rawValue), 0, time)
    let call = CallID(job: job, purpose: .judge, turn: 0)
    let calls = try StreamName(category: Call.category, id: call.rawValue)
    func started(_ attempt: Int) -> CallStarted {
        CallStarted(
            adapter: adapter.name, attempt: attempt, endpoint: "http://bench/v1", job: job, model: "judge",
            provider: "bench", purpose: .judge, request: request.digest, turn: 0, worker: worker)
    }
    let first = draft.add(started(1), calls, 0, time, [request, termsBlob])
    let failed = CallFailed(
        attempt: 1, evidence: .exchange(exchange(refusal, status: 500, number)), error: refused)
    let failure = draft.add(
        failed, calls, 1, time,
        cause: Cause(
            blobs: [termsBlob.digest], function: CallDerivations.classify(adapter), positions: [first]), [refusal])
    let delay = terms.policy.delay(after: failed, of: call)
    _ = draft.add(
        CallRetryDecided(attempt: 2, delay: delay, notBefore: time + delay), calls, 2, time,
        cause: Cause(
            blobs: [termsBlob.digest], function: CallDerivations.retry(.everyFailureCounts), positions: [failure]))
    let second = draft.add(started(2), calls, 3, time)
    let answer = answers[number % answers.count]
    let completed = draft.add(
        CallCompleted(
            attempt: 2, exchange: exchange(answer.body, status: 200, number), result: answer.result, price: nil),
        calls, 4, time,
        cause: Cause(blobs: [termsBlob.digest], function: CallDerivations.parse(adapter), positions: [second]),
        [answer.body])
    guard let known = ScoreLabels(labels),
        case .computed(let score) = ScoringDerivations.score(
            of: answer.result.text, rubric: rubric, labels: known, round: 0)
    else { preconditionFailure("the answers of the bench can be scored") }
    let position = draft.add(
        score, try StreamName(category: Score.category, id: job.rawValue), 0, time,
        cause: ScoringDerivations.judgeCause(
            completed: completed, submitted: submitted, rubric: rubricBlob.digest, body: answer.body.digest),
        [rubricBlob])
    return (score, position)
}

/// Writes runs until there are enough events; returns how many there are.
func writeAll(to log: LMDBLog) async throws -> UInt64 {
    var draft = Draft()
    var number = 0
    while draft.next < UInt64(wanted) {
        let run = RunID(identifying: ["bench", String(number / scoresOfARun)])
        var scores: [ScoreComputed] = []
        var positions: [Position] = []
        while scores.count < scoresOfARun, draft.next < UInt64(wanted) {
            let (score, position) = try judge(number, of: run, in: &draft)
            scores.append(score)
            positions.append(position)
            number += 1
            if draft.commits.count >= 7_000 { try await draft.write(to: log) }
        }
        let inputs = Blob(positions.canonicalBytes())
        let ranking = ScoringDerivations.ranking(of: run, scores: scores, inputs: inputs.digest, models: models)
        _ = draft.add(
            ranking, try StreamName(category: Ranking.category, id: run.rawValue), 0,
            Timestamp(microseconds: 1_790_000_000_000_000 + Int64(number) * 1_000),
            cause: ScoringDerivations.rankingCause(inputs: inputs.digest, models: modelsBlob.digest),
            [inputs, modelsBlob])
        try await draft.write(to: log)
    }
    return draft.next
}

let events = try await writeAll(to: log)
print(#"{"events":\#(events)}"#)
log.close()
