import Foundation
import HTTPTransport
import Testing

/// Each test runs in a process of its own, since it is about the process's threads and its end.
@Suite struct LeavingTests {
    /// Whether the transport's thread runs in this process.
    private static var hasThread: Bool {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        return tasks.contains { task in
            (try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8)) == "cairn-http\n"
        }
    }

    @Test func `the thread begins with the first request`() async {
        await #expect(processExitsWith: .success) {
            let server = try LoopbackServer { _ in [.respond()] }
            let transport = CurlTransport(configuration: direct())
            precondition(!LeavingTests.hasThread)
            _ = try await transport.send(HTTPRequest(url: server.url))
            precondition(LeavingTests.hasThread)
        }
    }

    @Test func `a transport that was never used is shut down without a thread`() async {
        await #expect(processExitsWith: .success) {
            let transport = CurlTransport(configuration: direct())
            transport.shutdown()
            precondition(!LeavingTests.hasThread)
            do {
                _ = try await transport.send(HTTPRequest(url: "http://127.0.0.1:1/"))
                exit(3)
            } catch {
                precondition((error as? TransportError)?.kind == .shutDown && !LeavingTests.hasThread)
            }
        }
    }

    @Test func `leaving in the middle of transfers is clean, and nobody waits for them`() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let server = try LoopbackServer { _ in [.hang] }
            let url = server.url
            let transport = CurlTransport(configuration: direct())
            for path in 0..<50 { Task { _ = try await transport.send(HTTPRequest(url: "\(url)/\(path)")) } }
            // Handshakes that never end.
            let secure = "https://127.0.0.1:\(server.port)/"
            Task { _ = try await transport.send(HTTPRequest(url: secure)) }
            await server.record.waitForRequests(50)
            exit(7)
        }
    }

    @Test func `leaving while threads are ending is clean`() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let server = try LoopbackServer { _ in [.respond()] }
            let url = server.url
            for _ in 0..<20 {
                let transport = CurlTransport(configuration: direct())
                _ = try await transport.send(HTTPRequest(url: url))
                transport.shutdown()
            }
            exit(7)
        }
    }
}
