import Glibc
import HTTPTransport
import Testing

@Suite struct CurlTransportTests {
    private let transport = CurlTransport(configuration: direct())

    @Test func `a response brings status, fields in order with lower-case names, body and version`() async throws {
        let server = try LoopbackServer { _ in
            [.respond(201, headers: ["X-Two:  2 ", "x-one: 1", "X-Two: again"], body: Array("hello".utf8))]
        }
        let response = try await transport.send(HTTPRequest(url: server.url + "/a?b=c"))
        #expect(response.status == 201)
        #expect(response.headers.map(\.name) == ["content-length", "x-two", "x-one", "x-two"])
        #expect(response.headers.map(\.value) == ["5", "2", "1", "again"])
        #expect(response.body == Array("hello".utf8))
        #expect(response.httpVersion == "1.1")
        #expect(server.record.requests.map(\.path) == ["/a?b=c"])
    }

    @Test func `every status is a response, a redirect too`() async throws {
        let server = try LoopbackServer { request in
            [.respond(Int(request.path.dropFirst()) ?? 0, headers: ["Location: /200"])]
        }
        for status in [200, 204, 301, 307, 404, 429, 500, 503] {
            let response = try await transport.send(HTTPRequest(url: "\(server.url)/\(status)"))
            #expect(response.status == status)
        }
        #expect(server.record.requests.count == 8)
    }

    @Test(arguments: [1, 1000, 70_000, 3_000_000])
    func `a posted body arrives as it is, and comes back`(bytes: Int) async throws {
        let server = try LoopbackServer { [.respond(body: $0.body)] }
        let body = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let request = HTTPRequest(
            method: "POST", url: server.url, headers: [HTTPHeader(name: "content-type", value: "application/json")],
            body: body)
        let response = try await transport.send(request)
        #expect(response.body == body)
        #expect(server.record.requests.first?.body == body)
    }

    @Test func `what is sent is what was asked for, and no compression or delay is offered`() async throws {
        let server = try LoopbackServer { _ in [.respond()] }
        let headers = [
            HTTPHeader(name: "Authorization", value: "Bearer key", isSecret: true),
            HTTPHeader(name: "X-Empty", value: ""),
        ]
        _ = try await transport.send(
            HTTPRequest(method: "POST", url: server.url, headers: headers, body: Array("{}".utf8), label: "not sent"))
        let head = try #require(server.record.requests.first?.head)
        let lines = head.split(separator: "\r\n").map(String.init)
        #expect(lines.first == "POST / HTTP/1.1")
        #expect(lines.contains("Authorization: Bearer key"))
        #expect(lines.contains("X-Empty:"))
        #expect(lines.contains("Accept-Encoding: identity"))
        #expect(lines.contains("User-Agent: cairn"))
        #expect(lines.contains("Content-Length: 2"))
        for absent in ["Expect", "Content-Type", "not sent"] { #expect(!head.contains(absent)) }
    }

    @Test(arguments: ["GET", "HEAD", "DELETE", "POST", "PUT", "PATCH", "OPTIONS"])
    func `each method is sent without a body`(method: String) async throws {
        let server = try LoopbackServer { _ in [.respond(200, headers: ["X-Ok: 1"])] }
        // The second one uses the handle that a request with a body left.
        _ = try await transport.send(HTTPRequest(method: "POST", url: server.url, body: [1, 2, 3]))
        let response = try await transport.send(HTTPRequest(method: method, url: server.url))
        #expect(response.header("x-ok") == "1")
        #expect(server.record.requests.last?.head.hasPrefix(method + " / ") == true)
        #expect(server.record.requests.last?.body == [])
    }

    @Test func `one connection serves requests that follow each other`() async throws {
        let server = try LoopbackServer { _ in [.respond()] }
        let first = try await transport.send(HTTPRequest(url: server.url))
        var later: [HTTPResponse] = []
        for _ in 0..<20 { later.append(try await transport.send(HTTPRequest(url: server.url))) }
        #expect(server.record.connections == 1)
        #expect(first.timings.connectMicroseconds != nil)
        #expect(later.allSatisfy { $0.timings.connectMicroseconds == nil })
    }

    @Test func `timings are in order`() async throws {
        let server = try LoopbackServer { _ in [.respond(body: [1])] }
        let timings = try await transport.send(HTTPRequest(url: server.url)).timings
        let connect = try #require(timings.connectMicroseconds)
        #expect(timings.queuedMicroseconds >= 0)
        #expect(connect >= 0 && connect <= timings.firstByteMicroseconds)
        #expect(timings.queuedMicroseconds + timings.firstByteMicroseconds <= timings.totalMicroseconds)
    }

    @Test func `a chunked body is put together, trailers are left out`() async throws {
        let server = try LoopbackServer { _ in
            [
                .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
                .send("2\r\nde\r\n0\r\nX-Late: 1\r\n\r\n"),
            ]
        }
        let response = try await transport.send(HTTPRequest(url: server.url))
        #expect(response.body == Array("abcde".utf8))
        #expect(response.header("x-late") == nil)
    }

    @Test func `an interim response is not the response`() async throws {
        let server = try LoopbackServer { _ in
            [.send("HTTP/1.1 103 Early Hints\r\nX-Hint: 1\r\n\r\n"), .respond(200, body: [7])]
        }
        let response = try await transport.send(HTTPRequest(url: server.url))
        #expect(response.status == 200)
        #expect(response.headers.map(\.name) == ["content-length"])
        #expect(response.body == [7])
    }
}

/// A transport that talks to loopback servers whatever proxy the environment names.
func direct(maxTransfers: Int = 256) -> CurlTransport.Configuration {
    CurlTransport.Configuration(
        maxTransfers: maxTransfers, maxTransfersPerHost: maxTransfers, usesEnvironmentProxy: false)
}
