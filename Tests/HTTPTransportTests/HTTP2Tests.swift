import HTTPTransport
import Testing

@Suite(.enabled(if: ExternalProgram.areInstalled, ExternalProgram.remedy), .timeLimit(.minutes(1)))
struct HTTP2Tests {
    /// Sends so many requests at once and answers their responses, in the order of their numbers.
    private func send(
        _ count: Int, through transport: CurlTransport, _ request: @escaping @Sendable (Int) -> HTTPRequest
    ) async throws -> [HTTPResponse] {
        try await withThrowingTaskGroup(of: (Int, HTTPResponse).self) { group in
            for number in 0..<count { group.addTask { (number, try await transport.send(request(number))) } }
            var responses: [Int: HTTPResponse] = [:]
            for try await (number, response) in group { responses[number] = response }
            return (0..<count).compactMap { responses[$0] }
        }
    }

    @Test func `one connection carries a hundred requests at once`() async throws {
        let upstream = try LoopbackServer { [.wait, .respond(body: Array($0.path.utf8))] }
        let server = try NginxServer(authority: TestAuthority(), before: upstream)
        let (transport, url) = (server.transport(), server.url)
        async let pending = send(100, through: transport) { HTTPRequest(url: "\(url)/\($0)") }
        await upstream.record.waitForRequests(100)
        upstream.release()
        let responses = try await pending
        for (number, response) in responses.enumerated() { #expect(response.body == Array("/\(number)".utf8)) }
        #expect(responses.allSatisfy { $0.httpVersion == "2" })
        #expect(Set(responses.map { $0.header("x-connection") }).count == 1)
    }

    @Test func `a connection takes as many streams as allowed, and the next one the others`() async throws {
        let upstream = try LoopbackServer { _ in [.wait, .respond()] }
        let server = try NginxServer(authority: TestAuthority(), before: upstream)
        let (transport, url) = (server.transport { $0.maxStreamsPerConnection = 20 }, server.url)
        async let pending = send(80, through: transport) { HTTPRequest(url: "\(url)/\($0)") }
        await upstream.record.waitForRequests(80)
        upstream.release()
        let byConnection = Dictionary(grouping: try await pending) { $0.header("x-connection") }
        #expect(byConnection.count >= 4 && byConnection.count <= 5)
        #expect(byConnection.values.allSatisfy { $0.count <= 20 })
    }

    @Test func `transfers share the connections that are allowed`() async throws {
        let upstream = try LoopbackServer { [.respond(body: Array($0.path.utf8))] }
        let server = try NginxServer(authority: TestAuthority(), before: upstream)
        let transport = server.transport {
            $0.maxStreamsPerConnection = 10
            $0.maxConnectionsPerHost = 2
        }
        let url = server.url
        let responses = try await send(200, through: transport) { HTTPRequest(url: "\(url)/\($0)") }
        for (number, response) in responses.enumerated() { #expect(response.body == Array("/\(number)".utf8)) }
        #expect(Set(responses.map { $0.header("x-connection") }).count <= 2)
    }

    @Test func `bodies of every size pass both ways on shared connections`() async throws {
        let upstream = try LoopbackServer { [.respond(body: $0.body)] }
        let server = try NginxServer(authority: TestAuthority(), before: upstream)
        let (transport, url) = (server.transport(), server.url)
        let bodies = [0, 1, 1000, 16_384, 65_535, 65_536, 300_000, 1_000_000].map { size in
            (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ size) }
        }
        let responses = try await send(24, through: transport) {
            HTTPRequest(method: "POST", url: url, body: bodies[$0 % bodies.count])
        }
        for (number, response) in responses.enumerated() { #expect(response.body == bodies[number % bodies.count]) }
    }

    @Test func `a cancelled stream leaves the others on its connection alone`() async throws {
        let upstream = try LoopbackServer { $0.path == "/hang" ? [.hang] : [.wait, .respond()] }
        let server = try NginxServer(authority: TestAuthority(), before: upstream)
        let (transport, url) = (server.transport(), server.url)
        let hanging = Task { try await transport.send(HTTPRequest(url: url + "/hang")) }
        async let pending = send(10, through: transport) { HTTPRequest(url: "\(url)/\($0)") }
        await upstream.record.waitForRequests(11)
        hanging.cancel()
        await #expect(throws: TransportError.self) { try await hanging.value }
        await upstream.record.waitForClosedByClient(1)
        upstream.release()
        let connections = Set(try await pending.map { $0.header("x-connection") })
        #expect(connections.count == 1)
    }

    @Test(arguments: [TransportError.Kind.cancelled, .totalTimeout, .tooLarge])
    func `a server hears at once of a transfer that is cut short on a connection of its own`(kind: TransportError.Kind)
        async throws
    {
        let upstream = try LoopbackServer { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcde"), .hang]
        }
        let server = try NginxServer(authority: TestAuthority(), before: upstream)
        let limits = TransferLimits(
            totalTimeout: kind == .totalTimeout ? .milliseconds(500) : .seconds(60),
            maxResponseBytes: kind == .tooLarge ? 4 : 100)
        let (transport, url) = (server.transport(), server.url)
        let task = Task { try await transport.send(HTTPRequest(url: url, limits: limits)) }
        if kind == .cancelled {
            await upstream.record.waitForRequests(1)
            task.cancel()
        }
        let error = await #expect(throws: TransportError.self) { try await task.value }
        #expect(error?.kind == kind)
        await upstream.record.waitForClosedByClient(1)
    }

    @Test func `a server that retires its connections loses no request that waits for the one before`() async throws {
        let upstream = try LoopbackServer { _ in [.respond()] }
        let server = try NginxServer(authority: TestAuthority(), before: upstream, settings: "keepalive_requests 7;")
        let (transport, url) = (server.transport(), server.url)
        var connections: Set<String> = []
        for number in 0..<50 {
            let response = try await transport.send(HTTPRequest(method: "POST", url: "\(url)/\(number)", body: [1]))
            connections.insert(try #require(response.header("x-connection")))
        }
        #expect(connections.count >= 7)
        #expect(upstream.record.requests.count == 50)
    }

    @Test func `requests at once to a server that retires its connections are answered or reset, never sent twice`()
        async throws
    {
        let upstream = try LoopbackServer { _ in [.respond()] }
        let server = try NginxServer(authority: TestAuthority(), before: upstream, settings: "keepalive_requests 7;")
        let (transport, url) = (server.transport(), server.url)
        let kinds = await withTaskGroup(of: TransportError.Kind?.self) { group in
            for number in 0..<100 {
                group.addTask {
                    do {
                        _ = try await transport.send(HTTPRequest(method: "POST", url: "\(url)/\(number)", body: [1]))
                        return nil
                    } catch {
                        return (error as? TransportError)?.kind ?? .other
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(kinds.count == 100)
        #expect(kinds.allSatisfy { $0 == nil || $0 == .reset }, "\(kinds)")
        let paths = upstream.record.requests.map(\.path)
        #expect(Set(paths).count == paths.count)
    }

    @Test func `a body that is cut off on a stream is closed early, with what came`() async throws {
        let upstream = try LoopbackServer { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), .close] }
        let server = try NginxServer(authority: TestAuthority(), before: upstream)
        let error = await #expect(throws: TransportError.self) {
            try await server.transport().send(HTTPRequest(url: server.url))
        }
        #expect(error?.kind == .closedEarly)
        #expect(error?.status == 200)
        #expect(error?.partialBody == Array("abc".utf8))
    }
}
