import ArgumentParser
import CanonicalJSON
import Experiments
import SimulatedProviders

/// The command `cairn simulate`.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Be a provider: answer, stream and fail as the real ones do.",
        subcommands: [SimulateServeCommand.self])
}

/// The command `cairn simulate serve`.
struct SimulateServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve the formats of all providers on this machine until interrupted.",
        discussion: """
            Prints a base URL for each format, to be given to any client: the models are sim-careful, sim-average, \
            sim-hasty and sim-judge, and any other name. The same request has the same answer in every format. \
            --script takes an experiment file with a simulation, or a file that holds only what would stand there: \
            faults, limits, latencies, a key. GET /stats tells what came and what was answered.

            EXAMPLE
              cairn simulate serve --port 8080 --script tools/examples/faults.yaml
            """)

    @OptionGroup var answer: OutputOptions

    @Option(help: "The port to listen on; without it a free one.")
    var port = 0

    @Option(help: "What goes wrong and how much is let through.")
    var script: String?

    func validate() throws {
        guard (0...65_535).contains(port) else {
            throw ValidationError("--port takes a number from 0 to 65535; found \(port)")
        }
    }

    func run() async throws {
        let simulation = try script.map(load) ?? Simulation()
        let (interruptions, source) = AsyncStream<Never>.makeStream()
        Interrupts.handle(saying: .none, first: { source.finish() }, second: { source.finish() })
        let output = answer.output
        do {
            try await SimulatedServer.run(simulation, port: port) { server in
                let addresses = ServedAddresses(server)
                try output.print(addresses) { addresses.text }
                for await _ in interruptions {}
            }
        } catch let error as OutputClosed {
            throw error
        } catch let error as PortTaken {
            throw Failure(
                .failed, "can't serve on port \(error.port): another program listens there",
                remedy: "end that one, give another --port, or none for a free one")
        } catch {
            throw Failure("can't serve on port \(port): \(error)")
        }
    }

    private func load(_ path: String) throws -> Simulation {
        do {
            return try Simulation(try ExperimentLoader.simulation(path, check: Simulation.problem))
        } catch let failure as ExperimentLoader.Failure {
            throw Failure(.usage, "can't read \(failure.path): \(failure.reason)")
        } catch let problems as ExperimentProblems {
            throw Failure(path, problems)
        }
    }
}

/// Where a server speaks which format.
private struct ServedAddresses: CanonicalEncodable {
    private let server: SimulatedServer

    init(_ server: SimulatedServer) { self.server = server }

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("address", server.address)
        writer.field("base_urls") { writer in
            writer.beginObject()
            for wire in Wire.allCases.sorted(by: { $0.rawValue < $1.rawValue }) {
                writer.field(dynamic: wire.rawValue, server.baseURL(of: wire))
            }
            writer.endObject()
        }
        writer.endObject()
    }

    var text: String {
        let width = Wire.allCases.map(\.rawValue.count).max() ?? 0
        return Wire.allCases.map { wire in
            wire.rawValue + String(repeating: " ", count: width + 2 - wire.rawValue.count) + server.baseURL(of: wire)
                + "\n"
        }.joined()
    }
}
