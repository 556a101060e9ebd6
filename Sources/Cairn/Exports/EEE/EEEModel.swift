import CanonicalJSON
import Determinism
import Experiments
import Providers

/// What Every Eval Ever 0.3.0 says of a model.
struct EEEModel {
    /// The version of both schemas that is written.
    static let schemaVersion = "0.3.0"

    let model: ModelDefinition

    /// As in `openai/gpt-4o`: provider and id.
    var id: String { model.provider + "/" + model.model }

    var value: JSONValue {
        .object([
            // Who runs a model, and whether its weights are open, isn't recorded.
            "additional_details": .object([
                "base_url": .string(model.baseURL), "deployment_type": .string("unknown"),
                "label": .string(model.id), "model_availability": .string("unknown"),
            ]),
            "developer": .string(model.provider), "id": .string(id),
            "inference_platform": .string(model.provider), "name": .string(model.model),
        ])
    }

    /// How it was asked: the parameters that the schema has, and all others as texts.
    func generation(_ definition: ExperimentDefinition) -> JSONValue {
        let parameters = model.parameters
        var arguments: JSONObject = [
            "prompt_template": .string(
                ([definition.preamble].compactMap { $0 } + definition.turns).joined(separator: "\n\n"))
        ]
        if let temperature = parameters.temperature { arguments["temperature"] = .number(temperature) }
        if let topP = parameters.topP { arguments["top_p"] = .number(topP) }
        if let tokens = parameters.maxTokens { arguments["max_tokens"] = .number(Double(tokens)) }
        var others: JSONObject = ["samples": .string("\(definition.samples)")]
        if let seed = parameters.seed { others["seed"] = .string("\(seed)") }
        if !parameters.stop.isEmpty {
            others["stop"] = .string(Self.text(.array(parameters.stop.map(JSONValue.string))))
        }
        for (name, value) in parameters.extra.sorted(by: { $0.key < $1.key }) {
            others[name] = .string(Self.text(value))
        }
        return .object(["additional_details": .object(others), "generation_args": .object(arguments)])
    }

    private static func text(_ value: JSONValue) -> String {
        String(decoding: value.canonicalBytes(), as: UTF8.self)
    }
}

/// Names of one model's record in Every Eval Ever: ids and paths that follow from the run.
struct EEENames {
    let experiment: String
    let model: EEEModel
    let run: String
    let submitted: Timestamp

    var evaluationID: String { "\(experiment)/\(model.id)/\(submitted.text)" }

    func resultID(_ metric: String) -> String { "\(run)/\(model.model.id)/\(metric)" }

    /// A UUID of version 4's form, from a digest: the schema wants that form, and the same run must give the same name.
    private var uuid: String {
        var bytes = Array(Digest(of: run + "\n" + model.model.id).bytes.prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = Hexadecimal.text(bytes)
        var parts: [Substring] = []
        var rest = hex[...]
        for length in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return parts.joined(separator: "-")
    }

    /// Where the record's files go, rooted at `data/`, without their endings.
    private var stem: String {
        "data/\(Self.plain(experiment))/\(Self.plain(model.model.provider))/\(Self.plain(model.model.model))/\(uuid)"
    }

    var aggregate: String { stem + ".json" }
    var instances: String { stem + "_samples.jsonl" }

    private static func plain(_ text: String) -> String {
        let plain = String(text.map { $0 == "/" || $0.isWhitespace ? "-" : $0 })
        return plain == "." || plain == ".." || plain.isEmpty ? "-" : plain
    }
}
