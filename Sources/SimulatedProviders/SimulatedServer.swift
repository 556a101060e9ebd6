internal import Hummingbird
package import Logging
internal import NIOCore

/// A provider inside the process: a real HTTP server on the loopback interface that speaks OpenAI's chat format.
///
/// `POST /v1/chat/completions` answers by script, `GET /v1/models` lists the models, and `GET /stats` tells how often
/// each body came and was answered.
package struct SimulatedServer: Sendable {
    /// The port that the system chose.
    package let port: Int
    private let shared: SharedLedger

    /// The URL to which `/chat/completions` is appended.
    package var baseURL: String { "http://127.0.0.1:\(port)/v1" }

    /// What came and was answered so far.
    package var ledger: RequestLedger { shared.snapshot }

    /// Runs a server for as long as `body` runs; when this returns or throws, the port is closed and no request is
    /// being answered any more.
    package static func run<Value: Sendable>(
        _ simulation: Simulation = Simulation(),
        port: Int = 0,
        logger: Logger = silent,
        _ body: @escaping @Sendable (SimulatedServer) async throws -> Value
    ) async throws -> Value {
        let ledger = SharedLedger()
        let (ports, source) = AsyncStream<Int>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let application = Application(
            responder: SimulatedResponder(simulation: simulation, ledger: ledger),
            configuration: ApplicationConfiguration(
                address: .hostname("127.0.0.1", port: port), serverName: "simulated", backlog: 1_024),
            onServerRunning: { channel in
                source.yield(channel.localAddress?.port ?? 0)
                source.finish()
            },
            logger: logger)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                defer { source.finish() }
                try await application.run()
                return nil
            }
            group.addTask {
                guard let port = await ports.first(where: { _ in true }) else { return nil }
                return try await body(SimulatedServer(port: port, shared: ledger))
            }
            return try await firstValue(&group)
        }
    }

    /// The value of the body; the server, which ends only by an error or by being cancelled, ends with it.
    private static func firstValue<Value: Sendable>(
        _ group: inout ThrowingTaskGroup<Value?, any Error>
    ) async throws -> Value {
        defer { group.cancelAll() }
        while let result = try await group.next() {
            if let value = result { return value }
        }
        throw CancellationError()
    }

    /// A logger that says nothing: what the server does is in its ledger.
    package static let silent = Logger(label: "cairn.simulated") { _ in SwiftLogNoOpLogHandler() }
}
