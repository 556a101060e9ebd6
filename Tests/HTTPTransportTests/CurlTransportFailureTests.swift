import Glibc
import HTTPTransport
import Testing

@Suite struct CurlTransportFailureTests {
    private let transport = CurlTransport(configuration: direct())

    /// The error of a request that must fail.
    private func failure(of request: HTTPRequest) async -> TransportError? {
        do {
            let response = try await transport.send(request)
            Issue.record("a response came: \(response)")
            return nil
        } catch {
            return error
        }
    }

    private func request(_ url: String, _ limits: TransferLimits = TransferLimits()) -> HTTPRequest {
        HTTPRequest(method: "POST", url: url, body: Array("{}".utf8), limits: limits)
    }

    @Test func `a port where nobody listens refuses`() async throws {
        let (socket, port) = try LoopbackSocket.bound()
        defer { close(socket) }
        let error = await failure(of: request("http://127.0.0.1:\(port)/v1"))
        #expect(error?.kind == .refused)
        #expect(error?.message == "no connection is accepted there; check the port, and that the server runs")
        #expect(error?.detail.hasPrefix("POST http://127.0.0.1:\(port)/v1: ") == true)
    }

    @Test func `a host without an address is named`() async {
        let error = await failure(of: request("http://nonexistent.invalid/"))
        #expect(error?.kind == .resolve)
    }

    @Test func `no byte of a response in time is a first-byte timeout`() async throws {
        let server = try LoopbackServer { _ in [.hang] }
        let error = await failure(of: request(server.url, TransferLimits(firstByteTimeout: .milliseconds(60))))
        #expect(error?.kind == .firstByteTimeout)
        #expect(error?.status == nil)
        #expect(error?.timings.firstByteMicroseconds == 0)
        await server.record.waitForClosedByClient(1)
    }

    @Test func `a body that stops arriving is a total timeout, with what came`() async throws {
        let server = try LoopbackServer { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), .hang] }
        let limits = TransferLimits(firstByteTimeout: .seconds(60), totalTimeout: .milliseconds(500))
        let error = await failure(of: request(server.url, limits))
        #expect(error?.kind == .totalTimeout)
        #expect(error?.status == 200)
        #expect(error?.partialBody == Array("abc".utf8))
    }

    @Test func `a server that doesn't take up the connection is a connect timeout`() async throws {
        // TLS needs an answer before the connection is ready, and this server never gives one.
        let server = try LoopbackServer { _ in [.hang] }
        let url = "https://127.0.0.1:\(server.port)/"
        let error = await failure(of: request(url, TransferLimits(connectTimeout: .milliseconds(60))))
        #expect(error?.kind == .connectTimeout)
    }

    @Test func `a plain server behind https is a TLS error`() async throws {
        let server = try LoopbackServer(greeting: [.send("HTTP/1.1 400 Bad\r\n\r\n")]) { _ in [] }
        let error = await failure(of: request("https://127.0.0.1:\(server.port)/"))
        #expect(error?.kind == .tls)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc",
    ])
    func `a connection that ends inside a body is closed early, with what came`(text: String) async throws {
        let server = try LoopbackServer { _ in [.send(text), .close] }
        let error = await failure(of: request(server.url))
        #expect(error?.kind == .closedEarly)
        #expect(error?.status == 200)
        #expect(error?.partialBody == Array("abc".utf8))
    }

    @Test func `a reset inside a body is closed early`() async throws {
        let server = try LoopbackServer { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"), .wait, .reset] }
        async let error = failure(of: request(server.url))
        await server.record.waitForRequests(1)
        server.release()
        // The reset may overtake the head.
        #expect([.closedEarly, .reset].contains(await error?.kind))
    }

    @Test func `a connection that ends before a response is a reset`() async throws {
        for step in [LoopbackServer.Step.close, .reset] {
            let server = try LoopbackServer { _ in [step] }
            let error = await failure(of: request(server.url))
            #expect(error?.kind == .reset)
            #expect(server.record.requests.count == 1)
        }
    }

    @Test func `a request on a kept connection that dies is not sent a second time`() async throws {
        let server = try LoopbackServer { $0.path == "/first" ? [.respond()] : [.close] }
        _ = try await transport.send(request(server.url + "/first"))
        let error = await failure(of: request(server.url + "/second"))
        #expect(error?.kind == .reset)
        #expect(server.record.requests.map(\.path) == ["/first", "/second"])
    }

    @Test func `a kept connection that the server closed meanwhile is replaced`() async throws {
        let server = try LoopbackServer { _ in [.respond(), .close] }
        for count in 1...5 {
            _ = try await transport.send(request(server.url))
            await server.record.waitForClosedByServer(count)
        }
        #expect(server.record.connections == 5)
    }

    @Test(arguments: [100 << 20, nil])
    func `a body of 100 MB is cut off when it exceeds the limit`(declared: Int?) async throws {
        let length = declared.map { "Content-Length: \($0)\r\n" } ?? ""
        let server = try LoopbackServer { _ in
            [.send("HTTP/1.1 200 OK\r\n\(length)\r\n"), .sendZeros(100 << 20), .close]
        }
        let error = await failure(of: request(server.url, TransferLimits(maxResponseBytes: 1 << 20)))
        #expect(error?.kind == .tooLarge)
        #expect(error?.status == 200)
        #expect((error?.partialBody.count ?? .max) <= TransportError.partialBodyLimit)
        await server.record.waitForClosedByClient(1)
    }

    @Test func `a body of exactly the limit is a response`() async throws {
        let server = try LoopbackServer { _ in [.respond(body: [UInt8](repeating: 1, count: 1000))] }
        let response = try await transport.send(request(server.url, TransferLimits(maxResponseBytes: 1000)))
        #expect(response.body.count == 1000)
        let error = await failure(of: request(server.url, TransferLimits(maxResponseBytes: 999)))
        #expect(error?.kind == .tooLarge)
    }

    @Test func `an endless head is cut off`() async throws {
        let lines = String(repeating: "X-Filler: " + String(repeating: "x", count: 1000) + "\r\n", count: 1000)
        let server = try LoopbackServer { _ in [.send("HTTP/1.1 200 OK\r\n" + lines), .hang] }
        #expect(await failure(of: request(server.url))?.kind == .tooLarge)
    }

    @Test(arguments: [
        "this is not HTTP\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n",
    ])
    func `what isn't HTTP is malformed`(text: String) async throws {
        let server = try LoopbackServer { _ in [.send(text), .close] }
        #expect(await failure(of: request(server.url))?.kind == .malformed)
    }

    @Test(arguments: [
        "", "127.0.0.1", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http:///path", "http://a b/",
        "http://127.0.0.1:99999/", "http://a/\u{0}",
    ])
    func `what isn't a web address is a bad URL`(url: String) async {
        #expect(await failure(of: request(url))?.kind == .badURL)
    }

    @Test func `fields that would break the message are refused before anything is sent`() async throws {
        let server = try LoopbackServer { _ in [.respond()] }
        for header in [
            HTTPHeader(name: "X", value: "a\r\nY: b"), HTTPHeader(name: "X", value: "a\u{0}"),
            HTTPHeader(name: "X Y", value: "a"), HTTPHeader(name: "", value: "a"),
            HTTPHeader(name: "Content-Length", value: "1"), HTTPHeader(name: "transfer-encoding", value: "chunked"),
        ] {
            let error = await failure(of: HTTPRequest(url: server.url, headers: [header]))
            #expect(error?.kind == .badURL)
        }
        #expect(await failure(of: HTTPRequest(method: "G ET", url: server.url))?.kind == .badURL)
        #expect(server.record.connections == 0)
    }

    @Test func `an error names no secret`() async throws {
        let server = try LoopbackServer { _ in [.close] }
        let secret = HTTPHeader(name: "authorization", value: "Bearer sk-hidden", isSecret: true)
        let error = await failure(of: HTTPRequest(url: server.url + "/?key=sk-hidden", headers: [secret]))
        var dumped = ""
        dump(error, to: &dumped)
        #expect(!dumped.contains("sk-hidden"))
    }
}
