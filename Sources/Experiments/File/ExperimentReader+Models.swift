import CanonicalJSON
import Providers
import Scoring

/// A model of the file and what it is there for.
struct ReadModel {
    let definition: ModelDefinition
    /// False for a model that only judges.
    let isCompared: Bool
}

extension ExperimentReader {
    private static let modelKeys = [
        "id", "role", "provider", "model", "base_url", "api_key_env", "parameters", "prices", "max_in_flight",
        "wire", "api", "stream",
    ]
    /// What fits into one event.
    private static let mostModels = 200
    private static let mostCriteria = 100
    private static let parameterKeys = ["temperature", "top_p", "max_tokens", "seed", "stop", "extra"]

    mutating func models(_ file: YAMLMapping) -> [ReadModel] {
        guard let value = yaml.required("models", in: file), let elements = yaml.elements(value) else { return [] }
        var models: [ReadModel] = []
        var names: Set<String> = []
        for element in elements {
            guard let mapping = yaml.mapping(element, keys: Self.modelKeys) else { continue }
            let role = mapping["role"].flatMap { yaml.word($0, of: ["compared", "judge"], named: "role") }
            guard let model = model(mapping) else { continue }
            if !names.insert(model.id).inserted, let id = mapping["id"] {
                yaml.note("two models have the id “\(model.id)”", at: id)
            }
            models.append(ReadModel(definition: model, isCompared: role != "judge"))
        }
        if elements.count > Self.mostModels { yaml.note("more than \(Self.mostModels) models", at: value) }
        if models.count == elements.count, !models.contains(where: \.isCompared) {
            yaml.note("there is no model to ask", at: value, remedy: "list at least one without “role: judge”")
        }
        return models
    }

    /// A model from its fields; of all problems those of other fields are found, too.
    private mutating func model(_ mapping: YAMLMapping) -> ModelDefinition? {
        let id = yaml.required("id", in: mapping).flatMap { yaml.id($0) }
        var name = yaml.requiredText("model", in: mapping)
        if let value = mapping["model"] { yaml.check(name, at: value, atMost: 300) }
        let facts = provider(mapping, &name)
        var baseURL: String?
        let wire = wire(mapping, facts, name)
        if let facts { baseURL = self.baseURL(mapping, facts, wire) }
        let keyVariable = keyVariable(mapping, facts)
        let parameters = parameters(mapping)
        noteObjection(mapping, wire, name, parameters)
        var price = price(mapping)
        if price == nil, let facts, let name { price = prices.price(provider: facts.name, model: name) }
        let streams = yaml.flag("stream", in: mapping) ?? streams
        let maxInFlight = yaml.integer("max_in_flight", in: mapping, 1...100_000)
        guard let id, let name, let facts, let baseURL else { return nil }
        return ModelDefinition(
            id: id, provider: facts.name, model: name, wire: wire == facts.wire ? nil : wire, streams: streams,
            baseURL: baseURL, keyVariable: keyVariable,
            parameters: parameters, price: price, maxInFlight: maxInFlight)
    }

    /// What a provider is known to refuse isn't sent.
    private mutating func noteObjection(
        _ mapping: YAMLMapping, _ wire: WireFormat?, _ model: String?, _ parameters: ChatParameters
    ) {
        guard let wire, let model, let value = mapping["parameters"] else { return }
        let chat = ChatRequest(model: model, messages: [], parameters: parameters)
        if let objection = ModelCatalogue.adapter(named: wire.adapter)?.objection(to: chat) {
            yaml.note(objection, at: value)
        }
    }

    /// The provider that the file names, or whose model the id says it is; `provider/model` names it too.
    private mutating func provider(_ mapping: YAMLMapping, _ model: inout String?) -> ProviderFacts? {
        if let value = mapping["provider"] {
            return yaml.word(value, of: ModelCatalogue.providers.map(\.name), named: "provider")
                .flatMap(ModelCatalogue.provider(named:))
        }
        guard let id = model, let value = mapping["model"] else { return nil }
        do throws(DetectionError) {
            let detected = try ModelCatalogue.detect(id)
            model = detected.model
            return detected.provider
        } catch {
            yaml.note("\(error)", at: value, remedy: "or give “provider”")
            return nil
        }
    }

    /// The format of a model: as it says, or as its provider serves it.
    private mutating func wire(_ mapping: YAMLMapping, _ facts: ProviderFacts?, _ model: String?) -> WireFormat? {
        guard let facts else { return nil }
        if let value = mapping["api"] {
            let words = facts.wires.contains(.openAIResponses) ? ["chat", "responses"] : []
            if let other = mapping["wire"] { yaml.note("“api” and “wire” say the same; give one", at: other) }
            guard !words.isEmpty else {
                yaml.note("\(facts.name) has one API", at: value, remedy: "leave “api” out")
                return nil
            }
            return yaml.word(value, of: words, named: "api").map { $0 == "chat" ? .openAI : .openAIResponses }
        }
        if let value = mapping["wire"] {
            return yaml.word(value, of: facts.wires.map(\.rawValue), named: "wire format of \(facts.name)")
                .flatMap(WireFormat.init(rawValue:))
        }
        return model.map { facts.wire(for: $0) } ?? facts.wire
    }

    private mutating func baseURL(
        _ mapping: YAMLMapping, _ facts: ProviderFacts, _ wire: WireFormat?
    ) -> String? {
        if let value = mapping["base_url"] {
            guard let url = yaml.text(value) else { return nil }
            guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
                yaml.note("“\(url.prefix(80))” isn't a base URL", at: value, remedy: "begin with http:// or https://")
                return nil
            }
            guard !url.contains("@"), !url.contains("?"), !url.contains("#") else {
                yaml.note(
                    "a base URL has no credentials, query or fragment", at: value,
                    remedy: "keys belong into the variable that api_key_env names")
                return nil
            }
            yaml.check(url, at: value, atMost: 2_000)
            return url
        }
        if let url = surroundings.baseURLs[facts.name] ?? facts.defaultBaseURL(in: wire ?? facts.wire) { return url }
        yaml.note(
            "“base_url” is missing", line: mapping.mark?.line, column: mapping.mark?.column,
            path: mapping.path(of: "base_url"),
            remedy: "\(facts.name) has no default; a local Ollama's is http://localhost:11434/v1")
        return nil
    }

    private mutating func keyVariable(_ mapping: YAMLMapping, _ facts: ProviderFacts?) -> String? {
        guard let value = mapping["api_key_env"] else { return facts?.keyVariable }
        guard let name = yaml.text(value) else { return nil }
        let beginsWithDigit = name.utf8.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
        let isName =
            !name.isEmpty && !beginsWithDigit && name.utf8.count <= 100
            && name.utf8.allSatisfy { byte in
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "_")
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
        guard isName else {
            yaml.note(
                "this isn't the name of an environment variable", at: value,
                remedy: "give a name such as OPENAI_API_KEY here, and never the key itself")
            return nil
        }
        return name
    }

    private mutating func parameters(_ mapping: YAMLMapping) -> ChatParameters {
        var parameters = ChatParameters()
        guard let value = mapping["parameters"], let fields = yaml.mapping(value, keys: Self.parameterKeys) else {
            return parameters
        }
        parameters.temperature = yaml.number("temperature", in: fields, 0...100)
        parameters.topP = yaml.number("top_p", in: fields, 0...1)
        parameters.maxTokens = yaml.integer("max_tokens", in: fields, 1...100_000_000)
        parameters.seed = yaml.integer("seed", in: fields, -Int(Int32.max)...Int(JSONValue.largestInteger))
        if let stop = fields["stop"], let elements = yaml.elements(stop) {
            for element in elements {
                if let text = yaml.text(element) { parameters.stop.append(text) }
            }
        }
        if let extra = fields["extra"], let members = yaml.mapping(extra) {
            for member in members.members { parameters.extra[member.key] = yaml.json(member.value) }
        }
        return parameters
    }

    private static let priceKeys: [String] = {
        let names = [
            "input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost",
            "cache_creation_input_token_cost", "output_cost_per_reasoning_token",
        ]
        let tiers = ["100k", "128k", "200k", "272k"].map { "_above_\($0)_tokens" }
        return names + tiers.flatMap { tier in names.map { $0 + tier } }
    }()

    private mutating func price(_ mapping: YAMLMapping) -> ModelPrice? {
        guard let value = mapping["prices"], let fields = yaml.mapping(value, keys: Self.priceKeys) else { return nil }
        var digits: [String: String] = [:]
        for member in fields.members where Self.priceKeys.contains(member.key) {
            guard let text = yaml.text(member.value) else { continue }
            guard PicoDollars(dollars: text) != nil else {
                yaml.note(
                    "“\(text.prefix(40))” isn't a price", at: member.value,
                    remedy: "give dollars for one token, as in 2.5e-06")
                continue
            }
            digits[member.key] = text
        }
        for name in Self.priceKeys.prefix(2) { _ = yaml.required(name, in: fields) }
        // Amounts were checked above, where their lines are known.
        return (try? PriceTable.price(digits, of: fields.path)) ?? nil
    }
}

// MARK: - Judges

extension ExperimentReader {
    mutating func judges(_ file: YAMLMapping, _ models: [ReadModel]) -> [JudgeDefinition] {
        guard let value = file["judges"], let elements = yaml.elements(value) else {
            checkUnusedJudges(file, models, used: [])
            return []
        }
        var judges: [JudgeDefinition] = []
        var used: Set<String> = []
        var names: Set<String> = []
        for element in elements {
            guard let mapping = yaml.mapping(element, keys: ["id", "model", "instructions", "criteria"]) else {
                continue
            }
            let id = yaml.required("id", in: mapping).flatMap { yaml.id($0) }
            if let id, !names.insert(id).inserted, let value = mapping["id"] {
                yaml.note("two judges have the id “\(id)”", at: value)
            }
            let model = judgeModel(mapping, models, &used)
            let instructions = yaml.text("instructions", in: mapping)
            let criteria = criteria(mapping)
            guard let id, let model else { continue }
            judges.append(
                JudgeDefinition(id: id, model: model, rubric: Rubric(criteria: criteria, instructions: instructions)))
        }
        checkUnusedJudges(file, models, used: used)
        return judges
    }

    /// A model named by its id, or described in place.
    private mutating func judgeModel(
        _ judge: YAMLMapping, _ models: [ReadModel], _ used: inout Set<String>
    ) -> ModelDefinition? {
        guard let value = yaml.required("model", in: judge) else { return nil }
        if value.isMapping {
            guard let mapping = yaml.mapping(value, keys: Self.modelKeys.filter { $0 != "role" }) else { return nil }
            let model = model(mapping)
            if let model, models.contains(where: { $0.definition.id == model.id }) {
                yaml.note(
                    "“\(model.id)” is the id of a model under “models”", at: value,
                    remedy: "name that model by its id, or give this one another")
            }
            return model
        }
        guard let id = yaml.text(value) else { return nil }
        used.insert(id)
        if let model = models.first(where: { $0.definition.id == id }) { return model.definition }
        yaml.note(
            "there is no model “\(id)”", at: value,
            remedy: Suggestion.remedy(for: id, among: models.map(\.definition.id)))
        return nil
    }

    /// A model that neither answers nor judges is a mistake, and would be paid for by nobody's intention.
    private mutating func checkUnusedJudges(_ file: YAMLMapping, _ models: [ReadModel], used: Set<String>) {
        guard let value = file["models"] else { return }
        for model in models where !model.isCompared && !used.contains(model.definition.id) {
            yaml.note("no judge uses the model “\(model.definition.id)”", at: value, remedy: "name it under “judges”")
        }
    }

    private mutating func criteria(_ judge: YAMLMapping) -> [Criterion] {
        guard let value = yaml.required("criteria", in: judge), let elements = yaml.elements(value) else { return [] }
        if elements.isEmpty { yaml.note("there must be at least one criterion", at: value) }
        if elements.count > Self.mostCriteria { yaml.note("more than \(Self.mostCriteria) criteria", at: value) }
        var criteria: [Criterion] = []
        var names: Set<String> = []
        let large = 1e9
        for element in elements {
            let keys = ["id", "description", "weight", "min", "max"]
            guard let mapping = yaml.mapping(element, keys: keys) else { continue }
            let id = yaml.required("id", in: mapping).flatMap { yaml.id($0) }
            if let id, !names.insert(id).inserted { yaml.note("two criteria have the id “\(id)”", at: element) }
            let description = yaml.requiredText("description", in: mapping)
            let weight = yaml.number("weight", in: mapping, 0...large) ?? 1
            if weight == 0, let value = mapping["weight"] {
                yaml.note("a weight is greater than 0", at: value, remedy: "leave the criterion out")
            }
            let least = yaml.number("min", in: mapping, -large...large) ?? 1
            let most = yaml.number("max", in: mapping, -large...large) ?? 5
            if least >= most { yaml.note("“min” must be less than “max”", at: element) }
            guard let id, let description else { continue }
            criteria.append(Criterion(id: id, description: description, weight: weight, min: least, max: most))
        }
        return criteria
    }
}
