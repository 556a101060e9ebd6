package import CanonicalJSON
package import Experiments
import Providers

/// A model whose key is nowhere, so that its calls are bound to fail.
package struct MissingKey: Equatable, Sendable {
    /// The model's label in the experiment.
    package let model: String
    package let variable: String

    /// As in `neither GOOGLE_API_KEY nor GEMINI_API_KEY is set`.
    static func absence(of variable: String) -> String {
        let names = ModelCatalogue.keyVariables(standingFor: variable)
        guard names.count > 1 else { return "\(variable) isn't set" }
        return "neither \(names.joined(separator: " nor ")) is set"
    }
}

extension MissingKey: CustomStringConvertible {
    package var description: String {
        """
        the model \(model) needs a key; \(Self.absence(of: variable)), nor in a file of NAME=value lines that \
        \(KeyRing.pathVariable) names
        """
    }
}

extension MissingKey: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("model", model)
        writer.field("variables", ModelCatalogue.keyVariables(standingFor: variable))
        writer.endObject()
    }
}

extension KeyRing {
    /// The models of an experiment that need a key which isn't there.
    ///
    /// A place of one's own under a provider's name may need none, unless the file names the key.
    package func missing(for definition: ExperimentDefinition) -> [MissingKey] {
        (definition.models + definition.judges.map(\.model)).compactMap { model in
            guard let variable = model.keyVariable, key(variable) == nil,
                let facts = ModelCatalogue.provider(named: model.provider)
            else { return nil }
            let isNamedInFile = variable != facts.keyVariable
            let isBoundToFail = facts.requiresKey && model.baseURL == facts.defaultBaseURL
            return isNamedInFile || isBoundToFail ? MissingKey(model: model.id, variable: variable) : nil
        }
    }
}
