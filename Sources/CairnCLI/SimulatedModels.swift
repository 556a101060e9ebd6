import CanonicalJSON
import Experiments
import Providers
import SimulatedProviders

extension Simulation {
    /// What is wrong with the `simulation` of a file.
    @Sendable static func problem(with value: JSONValue) -> SimulationProblem? {
        do throws(SimulationError) {
            _ = try Simulation(value)
            return nil
        } catch {
            return SimulationProblem(
                path: error.path, message: error.problem, word: error.word, known: error.known)
        }
    }

    /// Runs the simulated provider as long as `body` runs, if the experiment has models of it.
    static func provide<Value: Sendable>(
        for definition: ExperimentDefinition,
        _ body: @escaping @Sendable ([RoutingTransport.Route]) async throws -> Value
    ) async throws -> Value {
        let models = definition.models + definition.judges.map(\.model)
        guard models.contains(where: { $0.baseURL.hasPrefix(ModelCatalogue.simulatedRoot + "/") }) else {
            return try await body([])
        }
        let simulation: Simulation
        do throws(SimulationError) {
            simulation =
                try definition.simulation.map { (value) throws(SimulationError) in try Simulation(value) }
                ?? Simulation()
        } catch {
            throw Failure(.usage, "\(error)")
        }
        return try await SimulatedServer.run(simulation) { server in
            try await body([RoutingTransport.Route(from: ModelCatalogue.simulatedRoot, to: server.address)])
        }
    }
}
