import HTTPTransport
import Testing

@Suite struct CurlTransportConcurrencyTests {
    @Test func `a thousand requests are in flight at once`() async throws {
        let transport = CurlTransport(configuration: direct(maxTransfers: 1000))
        let server = try LoopbackServer { [.wait, .respond(body: Array($0.path.utf8))] }
        let url = server.url
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<1000 {
                group.addTask {
                    let response = try await transport.send(HTTPRequest(url: "\(url)/\(number)"))
                    return response.body == Array("/\(number)".utf8)
                }
            }
            await server.record.waitForRequests(1000)
            server.release()
            for try await isRight in group { #expect(isRight) }
        }
        #expect(server.record.connections == 1000)
    }

    @Test func `more requests than connections wait their turn, and each gets its own answer`() async throws {
        let transport = CurlTransport(configuration: direct(maxTransfers: 8))
        let server = try LoopbackServer { [.respond(body: $0.body)] }
        let url = server.url
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<2000 {
                group.addTask {
                    let body = Array("\(number)".utf8)
                    return try await transport.send(HTTPRequest(method: "POST", url: url, body: body)).body == body
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        #expect(server.record.requests.count == 2000)
        #expect(server.record.connections <= 8)
    }

    @Test func `cancelling a task stops its transfer at once and no other`() async throws {
        let transport = CurlTransport(configuration: direct())
        let server = try LoopbackServer { $0.path == "/hang" ? [.hang] : [.wait, .respond()] }
        let url = server.url
        let hanging = Task { try await transport.send(HTTPRequest(url: url + "/hang")) }
        let waiting = Task { try await transport.send(HTTPRequest(url: url + "/wait")) }
        await server.record.waitForRequests(2)
        hanging.cancel()
        await server.record.waitForClosedByClient(1)
        #expect(await hanging.failureKind == .cancelled)
        server.release()
        #expect(try await waiting.value.status == 200)
    }

    @Test func `a thousand transfers that are cancelled all end, and their connections close`() async throws {
        let transport = CurlTransport(configuration: direct(maxTransfers: 1000))
        let server = try LoopbackServer { _ in [.hang] }
        let url = server.url
        let tasks = (0..<1000).map { number in
            Task { try await transport.send(HTTPRequest(url: "\(url)/\(number)")) }
        }
        await server.record.waitForRequests(1000)
        for task in tasks { task.cancel() }
        for task in tasks { #expect(await task.failureKind == .cancelled) }
        await server.record.waitForClosedByClient(1000)
    }

    @Test func `a task that is cancelled already sends nothing`() async throws {
        let transport = CurlTransport(configuration: direct())
        let server = try LoopbackServer { _ in [.respond()] }
        let url = server.url
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await transport.send(HTTPRequest(url: url))
        }
        #expect(await task.failureKind == .cancelled)
        #expect(server.record.connections == 0)
    }

    @Test func `a request can be cancelled while it waits its turn`() async throws {
        let transport = CurlTransport(configuration: direct(maxTransfers: 1))
        let server = try LoopbackServer { _ in [.wait, .respond()] }
        let url = server.url
        let first = Task { try await transport.send(HTTPRequest(url: url + "/first")) }
        await server.record.waitForRequests(1)
        let second = Task { try await transport.send(HTTPRequest(url: url + "/second")) }
        second.cancel()
        #expect(await second.failureKind == .cancelled)
        server.release()
        #expect(try await first.value.status == 200)
        #expect(server.record.requests.map(\.path) == ["/first"])
    }

    @Test func `tasks that are cancelled while they start all end`() async throws {
        let transport = CurlTransport(configuration: direct())
        let server = try LoopbackServer { _ in [.hang] }
        let url = server.url
        for _ in 0..<200 {
            let task = Task { try await transport.send(HTTPRequest(url: url)) }
            await Task.yield()
            task.cancel()
            #expect(await task.failureKind == .cancelled)
        }
    }

    @Test func `a shut-down ends transfers in flight and waiting ones, and refuses later ones`() async throws {
        let transport = CurlTransport(configuration: direct(maxTransfers: 2))
        let server = try LoopbackServer { _ in [.hang] }
        let url = server.url
        let tasks = (0..<5).map { _ in Task { try await transport.send(HTTPRequest(url: url)) } }
        await server.record.waitForRequests(2)
        transport.shutdown()
        transport.shutdown()
        for task in tasks { #expect(await task.failureKind == .shutDown) }
        await server.record.waitForClosedByClient(2)
        let late = Task { try await transport.send(HTTPRequest(url: url)) }
        #expect(await late.failureKind == .shutDown)
    }

    @Test func `the last reference going closes the kept connections`() async throws {
        let server = try LoopbackServer { _ in [.respond()] }
        var transport: CurlTransport? = CurlTransport(configuration: direct())
        _ = try await transport?.send(HTTPRequest(url: server.url))
        transport = nil
        await server.record.waitForClosedByClient(1)
    }
}

extension Task where Success == HTTPResponse, Failure == any Error {
    /// How the send failed; `nil` if it brought a response.
    fileprivate var failureKind: TransportError.Kind? {
        get async {
            switch await result {
            case .success: nil
            case .failure(let error): (error as? TransportError)?.kind
            }
        }
    }
}
