import CanonicalJSON
import Determinism
import EventLog
import Experiments
import Jobs
import Providers
import Scoring

/// What one model came to in a run: Every Eval Ever's aggregate record.
struct EEEAggregate {
    let samples: RunSamples
    let names: EEENames
    let head: TreeHead
    /// By judge, in the order of the samples; nil where the judge gave no score.
    let totals: [String: [Double?]]
    /// How many samples have all their answers, and how many there are.
    let answered: (count: Int, of: Int)
    let instances: (digest: Digest, rows: Int)

    private var definition: ExperimentDefinition { samples.definition }
    private var end: Timestamp { samples.row.finished ?? samples.row.submitted }

    func bytes() -> [UInt8] {
        let value: JSONValue = .object([
            "detailed_evaluation_results": .object([
                "checksum": .string(instances.digest.hex), "file_path": .string(names.instances),
                "format": .string("jsonl"), "hash_algorithm": .string("sha256"),
                "total_rows": .number(Double(instances.rows)),
            ]),
            "eval_library": .object([
                "additional_details": .object([
                    "definition": .string(samples.row.definition.hex), "head": .string(head.root.hex),
                    "logSize": .string("\(head.size)"), "run": .string(samples.run.rawValue),
                ]),
                "name": .string("cairn"), "version": .string(CairnVersion.text),
            ]),
            "evaluation_id": .string(names.evaluationID),
            "evaluation_results": .array(results),
            "evaluation_timestamp": .string(samples.row.submitted.text),
            "model_info": names.model.value,
            // When the record was made would differ from time to time; when the run ended doesn't.
            "retrieved_timestamp": .string("\(end.microseconds / 1_000_000)"),
            "schema_version": .string(EEEModel.schemaVersion),
            "source_metadata": .object([
                "evaluator_relationship": .string("other"), "source_name": .string(definition.name),
                "source_organization_name": .string("unknown"), "source_type": .string("evaluation_run"),
            ]),
        ])
        return value.canonicalBytes() + [UInt8(ascii: "\n")]
    }

    private var results: [JSONValue] {
        guard !definition.judges.isEmpty else { return [answeredResult] }
        return definition.judges.compactMap(result)
    }

    /// One judge's mean; nil when it scored nothing.
    private func result(_ judge: JudgeDefinition) -> JSONValue? {
        let all = totals[judge.id] ?? []
        let scored = all.compactMap { $0 }
        let (mean, standardError) = InspectTotals.statistics(scored)
        guard let mean else { return nil }
        var uncertainty: JSONObject = ["num_samples": .number(Double(scored.count))]
        if let standardError {
            uncertainty["standard_error"] = .object([
                "method": .string("analytic"), "value": .number(standardError),
            ])
        }
        return .object([
            "evaluation_name": .string(definition.name + "/" + judge.id),
            "evaluation_result_id": .string(names.resultID(judge.id)),
            "generation_config": names.model.generation(definition),
            "metric_config": metric(judge),
            "score_details": .object([
                "details": .object([
                    "scored": .string("\(scored.count)"), "unscored": .string("\(all.count - scored.count)"),
                ]),
                "score": .number(mean), "uncertainty": .object(uncertainty),
            ]),
            "source_data": source,
        ])
    }

    private var source: JSONValue {
        var details: JSONObject = ["scenarios": .string("\(definition.scenarios.count)")]
        if let dataset = definition.dataset { details["sha256"] = .string(dataset.digest.hex) }
        return .object([
            "additional_details": .object(details), "dataset_name": .string(definition.name),
            "source_type": .string("other"),
        ])
    }

    private func metric(_ judge: JudgeDefinition) -> JSONValue {
        var asked: JSONObject = ["model_info": EEEModel(model: judge.model).value]
        if let temperature = judge.model.parameters.temperature { asked["temperature"] = .number(temperature) }
        let prompt = JudgePrompt.messages(judging: [], by: judge.rubric).map(\.content).joined(separator: "\n\n")
        return .object([
            "evaluation_description": .string(
                "Weighted mean of a rubric's criteria, from 0 (all worst) to 1 (all best)"),
            "llm_scoring": .object([
                "additional_details": .object(["rubric": .string(judge.rubric.digest.hex)]),
                "input_prompt": .string(prompt), "judges": .array([.object(asked)]),
            ]),
            "lower_is_better": .bool(false), "max_score": .number(1), "metric_id": .string(judge.id),
            "metric_kind": .string("rubric"), "metric_name": .string(judge.id),
            "metric_unit": .string("proportion"), "min_score": .number(0), "score_type": .string("continuous"),
        ])
    }

    /// Without judges there is one thing to count.
    private var answeredResult: JSONValue {
        .object([
            "evaluation_name": .string(definition.name + "/answered"),
            "evaluation_result_id": .string(names.resultID("answered")),
            "generation_config": names.model.generation(definition),
            "metric_config": .object([
                "evaluation_description": .string("Samples whose every question was answered"),
                "lower_is_better": .bool(false), "max_score": .number(1), "metric_id": .string("answered"),
                "min_score": .number(0), "score_type": .string("continuous"),
            ]),
            "score_details": .object([
                "score": .number(quantised(Double(answered.count) / Double(max(1, answered.of)), places: 6))
            ]),
            "source_data": source,
        ])
    }
}
