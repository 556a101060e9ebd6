import Calls
import CanonicalJSON
import Determinism
import Experiments
import Jobs
import Providers
import Scoring

/// The rows of one sample in Every Eval Ever's instance file: one for each judge that scored it.
///
/// The schema has no row without a score: what a judge refused is counted in the aggregate record alone.
struct EEEInstances {
    let sample: RunSample
    let names: EEENames

    /// From this total on a sample counts as correct: the schema wants a yes or no, and a rubric has none.
    private static let correctFrom = 0.5

    var rows: [[UInt8]] {
        sample.judgings.compactMap { judging in
            judging.computed.map { row($0, by: judging.judge).canonicalBytes() }
        }
    }

    private var isSingle: Bool { sample.conversation.prompts.count == 1 && sample.conversation.preamble == nil }

    private func row(_ score: ScoreComputed, by judge: JudgeDefinition) -> JSONValue {
        let prompt = sample.conversation.prompts.first ?? ""
        let answer = sample.conversation.answers.last ?? ""
        let last = isSingle ? 0 : max(0, sample.conversation.said.count - 1)
        return .object([
            "answer_attribution": .array([
                .object([
                    "extracted_value": .string(answer), "extraction_method": .string("llm_judge"),
                    "is_terminal": .bool(true),
                    "source": .string(isSingle ? "output.raw" : "messages[turn_idx].content"),
                    "turn_idx": .number(Double(last)),
                ])
            ]),
            "evaluation": .object([
                "is_correct": .bool(score.total >= Self.correctFrom),
                "num_turns": .number(Double(max(1, sample.conversation.answers.count))),
                "score": .number(score.total), "tool_calls_count": .number(0),
            ]),
            "evaluation_id": .string(names.evaluationID),
            "evaluation_name": .string(names.experiment + "/" + judge.id),
            "evaluation_result_id": .string(names.resultID(judge.id)),
            "input": .object(["raw": .string(prompt), "reference": .array([])]),
            "interaction_type": .string(isSingle ? "single_turn" : "multi_turn"),
            "messages": isSingle ? .null : .array(messages),
            "metadata": metadata(score),
            "model_id": .string(names.model.id),
            "output": isSingle ? .object(["raw": .array([.string(answer)])]) : .null,
            "performance": performance,
            "sample_hash": .string(Digest(of: prompt).hex),
            "sample_id": .string(sample.scenario.id + "#\(sample.sample)"),
            "schema_version": .string(EEEModel.schemaVersion),
            "token_usage": usage,
        ])
    }

    private var messages: [JSONValue] {
        sample.conversation.said.enumerated().map { place, message in
            .object([
                "content": .string(message.content), "role": .string(message.role.rawValue),
                "turn_idx": .number(Double(place)),
            ])
        }
    }

    private func metadata(_ score: ScoreComputed) -> JSONValue {
        var texts: JSONObject = [
            "is_correct": .string("score >= \(Self.correctFrom)"), "job": .string(sample.job.rawValue),
            "sample": .string("\(sample.sample)"), "scenario": .string(sample.scenario.id),
        ]
        for criterion in score.criteria {
            texts["criterion." + criterion.id] = .string(
                String(decoding: criterion.score.canonicalBytes(), as: UTF8.self))
        }
        return .object(texts)
    }

    private var usage: JSONValue {
        let used = sample.turns.map { InspectUsage($0.row) }.reduce(InspectUsage(), +)
        var counts: JSONObject = [
            "input_tokens": .number(Double(used.input)), "output_tokens": .number(Double(used.output)),
            "total_tokens": .number(Double(used.input + used.output)),
        ]
        if let read = used.cacheRead { counts["input_tokens_cache_read"] = .number(Double(read)) }
        if let written = used.cacheWrite { counts["input_tokens_cache_write"] = .number(Double(written)) }
        if let reasoning = used.reasoning { counts["reasoning_tokens"] = .number(Double(reasoning)) }
        return .object(counts)
    }

    private var performance: JSONValue {
        let total = sample.turns.reduce(Microseconds.zero) { $0 + ($1.row.exchange?.total ?? .zero) }
        var times: JSONObject = ["latency_ms": .number(Double(total.count) / 1_000)]
        if let first = sample.turns.first?.row.exchange?.firstToken {
            times["time_to_first_token_ms"] = .number(Double(first.count) / 1_000)
        }
        return .object(times)
    }
}
