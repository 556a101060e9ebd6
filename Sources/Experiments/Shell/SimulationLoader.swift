package import CanonicalJSON

extension ExperimentLoader {
    /// Loads what the simulated provider is told: an experiment's `simulation`, or a file that holds only that.
    ///
    /// Throws as `load` does; what the values mean is for the simulated provider to say, by `check`.
    package static func simulation(_ path: String, check: SimulationCheck) throws -> JSONValue {
        let bytes = try read(path, limit: largestExperiment)
        var reader = YAMLReader()
        guard let text = String(validating: bytes, as: UTF8.self) else {
            reader.note("the file isn't UTF-8", line: nil, column: nil, path: "", remedy: "save it as UTF-8")
            throw ExperimentProblems(reader.problems)
        }
        let value = reader.document(text).flatMap { document in
            reader.simulation(document.part("simulation") ?? document, check: check)
        }
        guard reader.problems.isEmpty, let value else { throw ExperimentProblems(reader.problems) }
        return value
    }
}
