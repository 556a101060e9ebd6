import Calls
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Providers
import Scoring

/// What Inspect's log says before and after the samples: `header.json` and `reductions.json`.
struct InspectHeader {
    /// The version of Inspect's log format that is written.
    static let version = 2

    let samples: RunSamples
    let model: ModelDefinition
    /// The head of the log that the export was made from.
    let head: TreeHead
    let totals: InspectTotals

    private var definition: ExperimentDefinition { samples.definition }
    private var row: RunRow { samples.row }
    private var name: String { InspectParts.name(provider: model.provider, model: model.model) }

    /// Tells the logs of a run's models apart.
    private var taskID: String {
        let digest = Digest(of: samples.run.rawValue + "\n" + model.id).hex
        return Self.plain(model.id) + "-" + digest.prefix(12)
    }

    /// As Inspect names its files, so that it lists them: time, task and id between underscores.
    var fileName: String {
        let time = row.submitted.text.map { $0 == ":" ? "-" : $0 }
        return "\(String(time))_\(Self.plain(definition.name))_\(taskID).eval"
    }

    /// Letters, digits, points and dashes; a dash for all else.
    private static func plain(_ text: String) -> String {
        String(
            text.map { character in
                let isPlain = character.isASCII && (character.isLetter || character.isNumber || character == ".")
                return isPlain ? character : "-"
            })
    }

    private var status: String {
        switch row.stage {
        case .submitting, .working: "started"
        case .drained, .stopped: "cancelled"
        case .complete, .incomplete: "success"
        }
    }

    func header() -> [UInt8] {
        var writer = CanonicalWriter(reservingCapacity: 4_096)
        writer.beginObject()
        writer.field("eval") { specification(to: &$0) }
        writer.field("invalidated", false)
        writer.field("metadata", [String: String]())
        writer.field("plan") { plan(to: &$0) }
        writer.field("results") { results(to: &$0) }
        writer.field("stats") { stats(to: &$0) }
        writer.field("status", status)
        writer.field("tags", [String]())
        writer.field("version", Self.version)
        writer.endObject()
        return writer.bytes
    }

    func reductions() -> [UInt8] {
        var writer = CanonicalWriter(reservingCapacity: 4_096)
        writer.beginArray()
        for judge in definition.judges {
            writer.element { writer in
                writer.beginObject()
                writer.field("reducer", "mean")
                writer.field("samples") { writer in
                    writer.beginArray()
                    for (id, mean) in totals.reductions(by: judge.id, definition) {
                        writer.element { writer in
                            writer.beginObject()
                            writer.field("history", [String]())
                            writer.field("sample_id", id)
                            writer.field("value", mean)
                            writer.endObject()
                        }
                    }
                    writer.endArray()
                }
                writer.field("scorer", judge.id)
                writer.endObject()
            }
        }
        writer.endArray()
        return writer.bytes
    }
}

// MARK: - What was to be done

extension InspectHeader {
    private func specification(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("config") { writer in
            writer.beginObject()
            writer.field("epochs", definition.samples)
            writer.field("epochs_reducer", ["mean"])
            writer.field("max_samples", definition.limits.concurrency)
            writer.endObject()
        }
        writer.field("created", row.submitted.text)
        writer.field("dataset") { dataset(to: &$0) }
        writer.field("eval_id", taskID)
        writer.field("metadata") { metadata(to: &$0) }
        writer.field("model", name)
        writer.field("model_args", [String: String]())
        writer.field("model_base_url", model.baseURL)
        writer.field("model_generate_config", InspectConfig(parameters: model.parameters))
        if !definition.judges.isEmpty { writer.field("model_roles") { roles(to: &$0) } }
        writer.field("packages", ["cairn": CairnVersion.text])
        writer.field("run_id", samples.run)
        writer.field("scorers") { scorers(to: &$0) }
        writer.field("task", definition.name)
        writer.field("task_args", [String: String]())
        writer.field("task_args_passed", [String: String]())
        writer.field("task_attribs", [String: String]())
        writer.field("task_display_name", definition.name + " · " + model.id)
        writer.field("task_id", taskID)
        writer.field("task_version", 0)
        writer.endObject()
    }

    private func dataset(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("name", definition.name)
        writer.field("sample_ids", definition.scenarios.map(InspectSample.id))
        writer.field("samples", definition.scenarios.count)
        writer.field("shuffled", false)
        writer.endObject()
    }

    private func metadata(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("dataset", definition.dataset?.digest)
        writer.field("definition", row.definition)
        writer.field("derivations", Catalogues.derivations.all.map { "\($0.function.name) v\($0.function.version)" })
        writer.field("head", head.root)
        writer.field("logSize", head.size)
        writer.field("model", model.id)
        if let entry = samples.ranking?.ranking.entries.first(where: { $0.model == model.id }) {
            writer.field("ranking", entry)
        }
        writer.field("run", samples.run)
        writer.endObject()
    }

    private func roles(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("grader") { writer in
            writer.beginArray()
            for judge in definition.judges {
                writer.element { writer in
                    writer.beginObject()
                    writer.field("args", [String: String]())
                    writer.field("base_url", judge.model.baseURL)
                    writer.field("config", InspectConfig(parameters: judge.model.parameters))
                    writer.field(
                        "model", InspectParts.name(provider: judge.model.provider, model: judge.model.model))
                    writer.endObject()
                }
            }
            writer.endArray()
        }
        writer.endObject()
    }

    private func scorers(to writer: inout CanonicalWriter) {
        writer.beginArray()
        for judge in definition.judges {
            writer.element { writer in
                writer.beginObject()
                writer.field("metadata", ["rubric": judge.rubric.digest.hex])
                writer.field("name", judge.id)
                writer.field("options", ["model": judge.model.model])
                writer.endObject()
            }
        }
        writer.endArray()
    }

    private func plan(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("config", InspectConfig(parameters: model.parameters))
        writer.field("name", "plan")
        writer.field("steps") { writer in
            writer.beginArray()
            for turn in definition.turns {
                writer.element { writer in
                    writer.beginObject()
                    writer.field("params", ["template": turn])
                    writer.field("params_passed", ["template": turn])
                    writer.field("solver", "prompt")
                    writer.endObject()
                }
            }
            writer.endArray()
        }
        writer.endObject()
    }
}

// MARK: - What came of it

extension InspectHeader {
    private func results(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("completed_samples", totals.answered)
        writer.field("scores") { writer in
            writer.beginArray()
            for judge in definition.judges { writer.element { score(judge, to: &$0) } }
            writer.endArray()
        }
        writer.field("total_samples", totals.samples)
        writer.endObject()
    }

    private func score(_ judge: JudgeDefinition, to writer: inout CanonicalWriter) {
        let all = totals.scores[judge.id] ?? []
        let totals = all.compactMap(\.total)
        let (mean, standardError) = InspectTotals.statistics(totals)
        writer.beginObject()
        writer.field("metrics") { writer in
            writer.beginObject()
            if let mean { writer.field("mean") { metric("mean", mean, to: &$0) } }
            if let standardError { writer.field("stderr") { metric("stderr", standardError, to: &$0) } }
            writer.endObject()
        }
        writer.field("name", judge.id)
        writer.field("params", [String: String]())
        writer.field("scored_samples", totals.count)
        writer.field("scorer", judge.id)
        writer.field("unscored_samples", all.count - totals.count)
        writer.endObject()
    }

    private func metric(_ name: String, _ value: Double, to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("name", name)
        writer.field("params", [String: String]())
        writer.field("value", value)
        writer.endObject()
    }

    private func stats(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("completed_at", row.finished?.text ?? "")
        writer.field("connection_limit_history", [String]())
        writer.field("model_usage", totals.modelUsage)
        writer.field("role_usage", totals.roleUsage)
        writer.field("started_at", row.submitted.text)
        writer.endObject()
    }
}
