import Calls

extension ExperimentReader {
    /// The scenarios of the file and then those of its dataset.
    mutating func scenarios(_ file: YAMLMapping) -> (scenarios: [Scenario], dataset: DatasetReference?) {
        var scenarios: [Scenario] = []
        if let value = file["scenarios"], let elements = yaml.elements(value) {
            for element in elements {
                guard let scenario = scenario(element) else { continue }
                if scenarios.contains(where: { $0.id == scenario.id }) {
                    yaml.note("two scenarios have the id “\(scenario.id)”", at: element)
                }
                scenarios.append(scenario)
            }
            if elements.isEmpty, file["dataset"] == nil {
                yaml.note("there must be at least one scenario", at: value)
            }
        }
        guard let value = file["dataset"] else {
            if file["scenarios"] == nil {
                yaml.note(
                    "“scenarios” is missing", line: file.mark?.line, column: file.mark?.column, path: "scenarios",
                    remedy: "list scenarios, or name a dataset")
            }
            return (scenarios, nil)
        }
        guard let dataset = dataset(value) else { return (scenarios, nil) }
        let inline = Set(scenarios.map(\.id))
        for scenario in dataset.scenarios where inline.contains(scenario.id) {
            yaml.note("the dataset has a scenario “\(scenario.id)”, and so has “scenarios”", at: value)
        }
        return (scenarios + dataset.scenarios, dataset.reference)
    }

    private mutating func scenario(_ value: YAMLValue) -> Scenario? {
        guard let mapping = yaml.mapping(value, keys: ["id", "variables", "preamble"]) else { return nil }
        let id = yaml.required("id", in: mapping).flatMap { yaml.id($0) }
        var variables: [String: String] = [:]
        if let value = mapping["variables"], let members = yaml.mapping(value) {
            for member in members.members { variables[member.key] = yaml.text(member.value) }
        }
        let preamble = yaml.text("preamble", in: mapping)
        return id.map { Scenario(id: $0, variables: variables, preamble: preamble) }
    }

    private mutating func dataset(_ value: YAMLValue) -> Dataset? {
        guard let mapping = yaml.mapping(value, keys: ["file", "id_column"]),
            let place = yaml.required("file", in: mapping), let name = yaml.text(place)
        else { return nil }
        let idColumn = yaml.text("id_column", in: mapping)
        guard let form = Dataset.Form(fileName: name) else {
            yaml.note("“\(name)” isn't a known kind of dataset", at: place, remedy: "use .csv or .jsonl")
            return nil
        }
        let bytes: [UInt8]
        do {
            bytes = try surroundings.file(name)
        } catch {
            yaml.note("“\(name)” can't be read: \(error)", at: place)
            return nil
        }
        do throws(ExperimentProblems) {
            return try Dataset.read(bytes, form: form, idColumn: idColumn)
        } catch {
            for problem in error.problems {
                let row = problem.path.isEmpty ? name : "\(name), \(problem.path)"
                yaml.note("\(row): \(problem.message)", at: place, remedy: problem.remedy)
            }
            return nil
        }
    }
}

// MARK: - Templates

extension ExperimentReader {
    /// Checks that every template can be read and has a value for each of its variables in every scenario.
    mutating func checkTemplates(_ file: YAMLMapping, _ scenarios: [Scenario]) {
        if let value = file["preamble"] {
            check(template: value, in: scenarios.filter { $0.preamble == nil })
        }
        if let turns = file["turns"], turns.isSequence, let elements = yaml.elements(turns) {
            for element in elements {
                guard element.isMapping, let prompt = yaml.mapping(element)?["prompt"] else { continue }
                check(template: prompt, in: scenarios)
            }
        }
        guard let list = file["scenarios"], list.isSequence, let elements = yaml.elements(list) else {
            return
        }
        for element in elements {
            guard element.isMapping, let mapping = yaml.mapping(element), let preamble = mapping["preamble"],
                let id = mapping["id"]?.written
            else { continue }
            check(template: preamble, in: scenarios.filter { $0.id == id })
        }
    }

    /// Notes what is wrong with one template, with the first scenario that it fails for.
    private mutating func check(template value: YAMLValue, in scenarios: [Scenario]) {
        guard let text = value.written else { return }
        do throws(PromptTemplateError) {
            let template = try PromptTemplate(text)
            for scenario in scenarios {
                for name in template.variables where scenario.variables[name] == nil {
                    yaml.note(
                        "{{\(name)}} has no value in the scenario “\(scenario.id)”", at: value,
                        remedy: Suggestion.remedy(for: name, among: scenario.variables.keys.sorted()))
                    return
                }
            }
        } catch {
            yaml.note("in the template, \(error)", at: value)
        }
    }
}
