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
    package static func judge(_ reading: JudgeAnswer.Reading) -> FunctionReference {
        FunctionReference(name: "scoring.judge", version: reading.rawValue)
    }

    /// `ranking.computed` from the scores that the first blob lists; the second is the models and their cells.
    package static func rank(_ method: RankingMethod) -> FunctionReference {
        FunctionReference(name: "scoring.rank." + method.rawValue, version: 1)
    }

    package static let catalogue = DerivationCatalogue(
        JudgeAnswer.Reading.allCases.map { reading in
            Derivation(function: judge(reading), eventTypes: [ScoreComputed.type, ScoreRefused.type]) {
                (input) throws(DerivationError) in try deriveScore(input, reading)
            }
        }
            + RankingMethod.allCases.map { method in
                Derivation(function: rank(method), eventTypes: [RankingComputed.type]) {
                    (input) throws(DerivationError) in try deriveRanking(input, method)
                }
            })

    /// The cause of what is derived from a judge's answer.
    package static func judgeCause(
        completed: Position, submitted: Position, rubric: Digest, body: Digest, reading: JudgeAnswer.Reading = .exact
    ) -> Cause {
        Cause(blobs: [rubric, body], function: judge(reading), positions: [completed, submitted])
    }

    /// The cause of a ranking.
    package static func rankingCause(inputs: Digest, models: Digest, method: RankingMethod = .mean) -> Cause {
        Cause(blobs: [inputs, models], function: rank(method))
    }

    /// What a judge's answer comes to.
    package static func score(
        of text: String, rubric: Rubric, labels: ScoreLabels, round: Int, reading: JudgeAnswer.Reading = .exact
    ) -> ScoreEvent {
        switch JudgeAnswer.parse(text, rubric: rubric, reading: reading) {
        case .success(let answer):
            .computed(
                ScoreComputed(
                    criteria: answer.scores, labels: labels, repair: answer.repair, round: round,
                    rubric: rubric.digest, total: rubric.total(of: answer.scores)))
        case .failure(let refusal):
            .refused(
                ScoreRefused(
                    labels: labels, reason: refusal.reason.prefix(codePoints: ScoreRefused.longestReason), round: round)
            )
        }
    }

    /// The ranking of a run from the scores at these positions, which `inputs` names.
    package static func ranking(
        of run: RunID, scores: [ScoreComputed], inputs: Digest, models: [RankedModel], method: RankingMethod = .mean
    ) -> RankingComputed {
        RankingComputed(
            entries: Ranking.entries(of: scores, models: models, by: method), inputs: inputs, method: method, run: run)
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
    private static func deriveScore(
        _ input: DerivationInput, _ reading: JudgeAnswer.Reading
    ) throws(DerivationError) -> [UInt8] {
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
        switch score(of: text, rubric: rubric, labels: labels, round: round, reading: reading) {
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

    private static func deriveRanking(
        _ input: DerivationInput, _ method: RankingMethod
    ) throws(DerivationError) -> [UInt8] {
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
        return ranking(of: run, scores: scores, inputs: blobs[0], models: models, method: method).canonicalBytes()
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
