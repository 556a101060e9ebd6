import Foundation
import HTTPTransport
import Testing

/// Each test runs in a process of its own, since it is about the process's threads and its end.
@Suite(.timeLimit(.minutes(1))) struct LeavingTests {
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

    @Test func `more calls are in flight than the system's usual number of open files`() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = 200
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let server = try LoopbackServer { _ in [.wait, .respond()] }
            let url = server.url
            let transport = CurlTransport(configuration: direct(maxTransfers: 300))
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<300 { group.addTask { try await transport.send(HTTPRequest(url: url)).status } }
                await server.record.waitForRequests(300)
                server.release()
                for try await status in group { precondition(status == 200) }
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
