internal import Glibc
internal import HummingbirdCore
package import Logging
internal import NIOCore
internal import NIOPosix

/// Another program listens on the port already.
package struct PortTaken: Error, Equatable, Sendable {
    package let port: Int
}

/// A provider on the loopback interface: a real HTTP server that speaks the formats of all providers.
///
/// Each `Wire` is under its `basePath`, OpenAI's chat completions under `/v1` too; `GET …/models` lists the models, and
/// `GET /stats` tells how often each body came and was answered.
package struct SimulatedServer: Sendable {
    /// The port that the system chose.
    package let port: Int
    private let provider: SimulatedProvider

    /// The URL of the server itself.
    package var address: String { "http://127.0.0.1:\(port)" }

    /// The URL to which `/chat/completions` is appended.
    package var baseURL: String { address + "/v1" }

    /// The base URL of a format, in the form that its provider's own clients take.
    package func baseURL(of wire: Wire) -> String { address + wire.basePath }

    /// What came and was answered so far.
    package var ledger: RequestLedger { provider.ledger }

    /// Runs a server for as long as `body` runs; when this returns or throws, the port is closed and no request is
    /// being answered any more.
    package static func run<Value: Sendable>(
        _ simulation: Simulation = Simulation(),
        port: Int = 0,
        logger: Logger = silent,
        _ body: @escaping @Sendable (SimulatedServer) async throws -> Value
    ) async throws -> Value {
        let provider = SimulatedProvider(simulation)
        let (ports, source) = AsyncStream<Int>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let server = Server(
            childChannelSetup: LoopbackChannel(provider: provider),
            configuration: ServerConfiguration(
                address: .hostname("127.0.0.1", port: port), serverName: "simulated", backlog: 1_024),
            onServerRunning: { channel in
                source.yield(channel.localAddress?.port ?? 0)
                source.finish()
            },
            // One loop is enough to answer, and leaves the processors to whoever asks.
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton.any(), logger: logger)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                defer { source.finish() }
                do {
                    try await server.run()
                } catch let error as IOError where error.errnoCode == EADDRINUSE {
                    throw PortTaken(port: port)
                }
                return nil
            }
            group.addTask {
                guard let port = await ports.first(where: { _ in true }) else { return nil }
                return try await body(SimulatedServer(port: port, provider: provider))
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
