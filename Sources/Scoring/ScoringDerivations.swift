import Calls
import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog
package import Jobs
import Providers

/// The derived events of judging and ranking, and the pure functions that derive them.
package enum ScoringDerivations {
    /// `score.computed` or `score.refused` from the judge's answer and its job; the first blob is the rubric.
    package static let judge = FunctionReference(name: "scoring.judge", version: 1)
    /// `ranking.computed` from the scores that the first blob lists; the second is the models and their cells.
    package static let rankMean = FunctionReference(name: "scoring.rank.mean", version: 1)

    package static let catalogue = DerivationCatalogue([
        Derivation(
            function: judge, eventTypes: [ScoreComputed.type, ScoreRefused.type], derive: deriveScore),
        Derivation(function: rankMean, eventTypes: [RankingComputed.type], derive: deriveRanking),
    ])

    /// The cause of what is derived from a judge's answer.
    package static func judgeCause(
        completed: Position, submitted: Position, rubric: Digest, body: Digest
    ) -> Cause {
        Cause(blobs: [rubric, body], function: judge, positions: [completed, submitted])
    }

    /// The cause of a ranking.
    package static func rankingCause(inputs: Digest, models: Digest) -> Cause {
        Cause(blobs: [inputs, models], function: rankMean)
    }

    /// What a judge's answer comes to.
    package static func score(
        of text: String, rubric: Rubric, labels: ScoreLabels, round: Int
    ) -> ScoreEvent {
        switch JudgeAnswer.parse(text, rubric: rubric) {
        case .success(let answer):
            .computed(
                ScoreComputed(
                    criteria: answer.scores, labels: labels, repair: answer.repair, round: round,
                    rubric: rubric.digest, total: rubric.total(of: answer.scores)))
        case .failure(let refusal):
            .refused(ScoreRefused(labels: labels, reason: refusal.reason.prefix(codePoints: 500), round: round))
        }
    }

    /// The ranking of a run from the scores at these positions, which `inputs` names.
    package static func ranking(
        of run: RunID, scores: [ScoreComputed], inputs: Digest, models: [RankedModel]
    ) -> RankingComputed {
        RankingComputed(
            entries: Ranking.byMean(of: scores, models: models), inputs: inputs, method: .mean, run: run)
    }
}

extension ScoreLabels {
    /// The labels of a judge's job; nil if one is missing.
    package init?(_ labels: [String: String]) {
        guard let judge = labels["judge"], let model = labels["model"], let scenario = labels["scenario"],
            let sample = labels["sample"].flatMap({ Int($0) }), sample >= 1
        else { return nil }
        self.init(judge: judge, model: model, sample: sample, scenario: scenario)
    }
}

// MARK: - Deriving again

extension ScoringDerivations {
    @Sendable
    private static func deriveScore(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        guard input.causes.count == 2 else {
            throw .unexpectedCauses("\(input.causes.count) events; the answer and the job's submission are needed")
        }
        let submitted = try input.causes[1].payload(JobSubmitted.self)
        guard let labels = ScoreLabels(submitted.labels) else {
            throw .unreadable("the job's labels name no judge, model, scenario and sample")
        }
        guard let rubric = try input.firstBlob(Rubric.self) else {
            throw .unexpectedCauses("no blob, and the rubric is needed")
        }
        let isComputed = input.recorded.hasType(ScoreComputed.type)
        let round =
            isComputed
            ? try input.recorded.payload(ScoreComputed.self).round
            : try input.recorded.payload(ScoreRefused.self).round
        try check(round, input)
        let text = try answer(in: input.causes[0], input)
        switch score(of: text, rubric: rubric, labels: labels, round: round) {
        case .computed(let computed):
            guard isComputed else { throw .otherType(ScoreComputed.type) }
            return computed.canonicalBytes()
        case .refused(let refused):
            guard !isComputed else { throw .otherType(ScoreRefused.type) }
            return refused.canonicalBytes()
        }
    }

    /// The round is part of the call's id, so a wrong one can't name this answer.
    private static func check(_ round: Int, _ input: DerivationInput) throws(DerivationError) {
        guard let job = JobID(rawValue: input.recorded.stream.id),
            CallID(job: job, purpose: .judge, turn: 0, round: round).rawValue == input.causes[0].stream.id
        else { throw .unexpectedCauses("\(input.causes[0].stream) isn't round \(round) of this judge") }
    }

    private static func answer(
        in completed: EventLog.Event, _ input: DerivationInput
    ) throws(DerivationError) -> String {
        if completed.hasType(CallReused.type) {
            let reused = try completed.payload(CallReused.self)
            return try text(of: reused.exchange, by: reused.exchange.adapter(named: reused.adapter), input)
        }
        let exchange = try completed.payload(CallCompleted.self).exchange
        let function: FunctionReference?
        do throws(JSONError) {
            function = try completed.metadata().cause?.function
        } catch {
            throw .unreadable("the metadata of the answer: \(error)")
        }
        let adapter = ModelCatalogue.adapters.first { CallDerivations.parse($0) == function }
        return try text(of: exchange, by: adapter, input)
    }

    private static func text(
        of exchange: CallExchange, by adapter: (any LLMProvider.Type)?, _ input: DerivationInput
    ) throws(DerivationError) -> String {
        guard let adapter else {
            throw .unreadable("the answer, which was read by another program's adapter")
        }
        let body = try input.blob(exchange.body)
        switch adapter.result(status: exchange.status, headers: exchange.headers, body: body) {
        case .success(let result): return result.text
        case .failure(let error): throw .unreadable("the answer: \(error)")
        }
    }

    @Sendable
    private static func deriveRanking(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        guard let run = RunID(rawValue: input.recorded.stream.id) else {
            throw .unreadable("\(input.recorded.stream) is no run's")
        }
        let blobs = try input.causeBlobs()
        guard blobs.count == 2 else {
            throw .unexpectedCauses("\(blobs.count) blobs; the scores' positions and the models are needed")
        }
        let positions: [Position] = try read(blobs[0], input)
        let models: [RankedModel] = try read(blobs[1], input)
        var scores: [ScoreComputed] = []
        for position in positions { scores.append(try input.event(position).payload(ScoreComputed.self)) }
        return ranking(of: run, scores: scores, inputs: blobs[0], models: models).canonicalBytes()
    }

    private static func read<Value: CanonicalDecodable>(
        _ digest: Digest, _ input: DerivationInput
    ) throws(DerivationError) -> Value {
        let bytes = try input.blob(digest)
        do throws(JSONError) {
            return try Value(canonicalBytes: bytes)
        } catch {
            throw .unreadable("the blob \(digest.hex): \(error)")
        }
    }
}
