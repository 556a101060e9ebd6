import Cairn
import Experiments
import HTTPTransport
import Jobs
import Logging
import Providers
import SimulatedProviders

/// The ways to providers for a fork that may make calls.
enum LiveCalls {
    /// Runs `body` with them as long as they are there; with nil where none may be made.
    static func provide(
        to store: Store, runs: [RunID], isAllowed: Bool,
        _ body: @escaping @Sendable (ForkService.Live?) async throws -> Void
    ) async throws {
        guard isAllowed else { return try await body(nil) }
        let keys = try KeyRing.load()
        // There is no live line, so that on a terminal, too, the log tells what is waited for.
        let logger = LogOutput.logger("cairn.fork", onTerminal: .info)
        let definitions = try ForkService(parent: store).definitions(of: runs)
        let models = definitions.flatMap { $0.models + $0.judges.map(\.model) }
        let isSimulated = { (model: ModelDefinition) in model.baseURL.hasPrefix(ModelCatalogue.simulatedRoot + "/") }
        let most = definitions.map(\.limits.concurrency).max() ?? 1
        let curl = CurlTransport(
            configuration: .init(
                maxTransfers: most, maxTransfersPerHost: most, usesEnvironmentProxy: !models.allSatisfy(isSimulated)))
        defer { curl.shutdown() }
        guard
            let simulated = definitions.first(where: {
                ($0.models + $0.judges.map(\.model)).contains(where: isSimulated)
            })
        else { return try await body(ForkService.Live(transport: curl, key: keys.key, logger: logger)) }
        try await Simulation.provide(for: simulated) { routes in
            let transport = RoutingTransport(curl, routes: routes)
            try await body(ForkService.Live(transport: transport, key: keys.key, logger: logger))
        }
    }
}
