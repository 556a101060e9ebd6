package import Calls
import CanonicalJSON
package import Experiments
import Jobs
import Projections

extension Queries {
    /// Tokens, cost and latency by run, provider, model and purpose.
    ///
    /// Rows are by the id that the provider is asked for; `names` are the experiment's models that share it. `model` is
    /// either of them.
    package func usage(_ selection: Selection, model: String? = nil) throws -> [QueryRow<UsageRow>] {
        let runs = try runIDs(selection)
        let definitions = try definitions(of: runs)
        let all = try views.query(CallUsage.self) { tables in
            try runs.flatMap { run in try tables.rows(of: run) }
        }.map { key, row in (key: key, names: definitions[key.run]?.names(of: key) ?? [], row: row) }
        let found = all.filter { model == nil || $0.key.model == model || $0.names.contains(model ?? "") }
        if found.isEmpty, let model, !runs.isEmpty, definitions.count == runs.count {
            let names = definitions.values.flatMap {
                ($0.models + $0.judges.map(\.model)).flatMap { [$0.id, $0.model] }
            }
            try check("model", model, names)
        }
        return found.prefix(selection.limit).map { key, names, row in
            QueryRow(
                [
                    ("run", .string(key.run.rawValue)), ("provider", .string(key.provider)),
                    ("model", .string(key.model)), ("purpose", .string(key.purpose.rawValue)),
                    ("names", .array(names.map(JSONValue.string))),
                ], row)
        }
    }
}

extension ExperimentDefinition {
    /// The labels of the models that a row of usage is about.
    package func names(of key: CallUsage.UsageKey) -> [String] {
        let asked = key.purpose == .probe ? models : judges.map(\.model)
        var names: [String] = []
        for model in asked where model.provider == key.provider && model.model == key.model {
            if !names.contains(model.id) { names.append(model.id) }
        }
        return names
    }
}
