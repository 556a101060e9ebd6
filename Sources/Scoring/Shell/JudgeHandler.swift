package import Calls
import CanonicalJSON
package import Deciders
import Determinism
package import EventLog
package import Jobs
package import Providers

/// A judging job: the probe's transcript → the judge → a score.
///
/// An answer that can't be used is recorded as such, and the judge is asked anew: another round, another call.
package struct JudgeHandler: JobHandler {
    /// The kind of job that it does.
    package static let kind = "judge"
    /// The class of a job whose judge never gave a usable answer.
    package static let unparseable = "judgeUnparseable"

    /// One judge of the run.
    package struct Judge: Sendable {
        package let model: AskedModel
        package let rubric: Rubric
        /// How often it is asked when its answers can't be used.
        package let rounds: Int
        /// How its answers are read.
        package let reading: JudgeAnswer.Reading

        package init(model: AskedModel, rubric: Rubric, rounds: Int, reading: JudgeAnswer.Reading = .exact) {
            self.model = model
            self.rubric = rubric
            self.rounds = rounds
            self.reading = reading
        }
    }

    /// What a probe asked, and the adapter that read its answers.
    package struct Probe: Sendable {
        package let conversation: Conversation
        package let adapter: any LLMProvider.Type

        package init(conversation: Conversation, adapter: any LLMProvider.Type) {
            self.conversation = conversation
            self.adapter = adapter
        }
    }

    private let executor: CallExecutor
    private let scores: CommandHandler<Score>
    private let log: any Log
    private let judges: [String: Judge]
    private let probe: @Sendable (ScoreLabels) throws -> Probe

    /// `judges` by id; `probe` tells what the probe with these labels asked.
    package init(
        executor: CallExecutor, scores: CommandHandler<Score>, log: any Log, judges: [String: Judge],
        probe: @escaping @Sendable (ScoreLabels) throws -> Probe
    ) {
        self.executor = executor
        self.scores = scores
        self.log = log
        self.judges = judges
        self.probe = probe
    }

    package func run(_ job: RunningJob) async throws -> JobResult {
        guard let labels = ScoreLabels(job.submission.labels), let judge = judges[labels.judge],
            let probed = job.submission.after.first
        else {
            return .failed(class: "invalidRequest", message: "the job names no judge of this run", retryable: false)
        }
        do {
            return try await score(probed, labels, judge, job)
        } catch let error as TranscriptReader.Failure {
            return .failed(class: "answerMissing", message: "\(error)", retryable: false)
        } catch let error as CallRecordError {
            return .failed(class: "answerMissing", message: "\(error)", retryable: false)
        }
    }

    private func score(
        _ probed: JobID, _ labels: ScoreLabels, _ judge: Judge, _ job: RunningJob
    ) async throws -> JobResult {
        var stream = try load(job)
        if case .computed(let score) = stream.state { return result(of: score) }
        let asked = try probe(labels)
        let transcript = try TranscriptReader(log: log)
            .transcript(of: probed, asked.conversation, by: asked.adapter)
        let last = lastRound(of: judge, from: stream.state)
        while let round = stream.state.nextRound, round <= last {
            switch try await executor.ask(question(job, judge, transcript, round, stream.state), in: job) {
            case .failed(let failed):
                return .failed(class: failed.class.rawValue, message: failed.detail, retryable: failed.retryable)
            case .answered(let answer):
                stream = try await record(answer, round, judge, labels, job, stream)
            }
        }
        switch stream.state {
        case .computed(let score): return result(of: score)
        case .refused(let refused):
            return .failed(
                class: Self.unparseable, message: "asked \(refused.round + 1) times, last: \(refused.reason)",
                retryable: false)
        case .absent: preconditionFailure("a judge is asked at least once")
        }
    }

    /// A process that was killed doesn't begin the rounds anew; an operator who asks for a retry does.
    private func lastRound(of judge: Judge, from state: Score.State) -> Int {
        let begun = (state.nextRound ?? 0) / judge.rounds
        return (begun + 1) * judge.rounds - 1
    }

    private func question(
        _ job: RunningJob, _ judge: Judge, _ transcript: Conversation, _ round: Int, _ state: Score.State
    ) -> Question {
        var refusal: String?
        if case .refused(let refused) = state { refusal = refused.reason }
        return judge.model.question(
            CallID(job: job.id, purpose: .judge, turn: 0, round: round), .judge, turn: 0,
            JudgePrompt.messages(judging: transcript.said, by: judge.rubric, after: refusal))
    }

    private func result(of score: ScoreComputed) -> JobResult {
        .completed(["round": .number(Double(score.round)), "total": .number(score.total)])
    }
}

// MARK: - Recording

extension JudgeHandler {
    private func load(_ job: RunningJob) throws -> Loaded<Score> {
        do throws(CommandError<Score.Refusal>) {
            return try scores.load(job.id.rawValue)
        } catch {
            throw error.asStop(of: job.id)
        }
    }

    private func record(
        _ answer: CallAnswer, _ round: Int, _ judge: Judge, _ labels: ScoreLabels, _ job: RunningJob,
        _ stream: Loaded<Score>
    ) async throws -> Loaded<Score> {
        let event = ScoringDerivations.score(
            of: answer.text, rubric: judge.rubric, labels: labels, round: round, reading: judge.reading)
        let name = try StreamName(category: Job.category, id: job.id.rawValue)
        guard let submitted = try log.position(of: name, revision: .first) else {
            preconditionFailure("a job that runs was submitted")
        }
        let cause = ScoringDerivations.judgeCause(
            completed: answer.position, submitted: submitted, rubric: judge.rubric.digest,
            body: answer.completed.exchange.body, reading: judge.reading)
        let command: Score.Command =
            switch event {
            case .computed(let computed): .compute(computed)
            case .refused(let refused): .refuse(refused)
            }
        do throws(CommandError<Score.Refusal>) {
            return try await scores.handle(
                job.id.rawValue, run: job.submission.run.rawValue, job: job.id.rawValue, cause: { _ in cause },
                from: stream, command
            ).loaded
        } catch {
            throw error.asStop(of: job.id)
        }
    }
}

extension CommandError where Refusal == Score.Refusal {
    /// What a step of a judge throws: a refusal means that another worker has gone on with the job.
    fileprivate func asStop(of job: JobID) -> any Error {
        switch self {
        case .refused: LeaseLost(job: job)
        case .effect(let error): error
        case .contended, .unreadable, .log: self
        }
    }
}
