import HTTPTransport
import Testing

@Suite struct ProxyTests {
    /// A transport for which these variables are the environment.
    private func transport(_ environment: [String: String]) -> CurlTransport {
        CurlTransport(configuration: .init(environment: { environment[$0] }))
    }

    @Test(arguments: ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
    func `a plain request goes to the proxy whole`(variable: String) async throws {
        let proxy = try LoopbackServer { _ in [.respond(body: [7])] }
        let response = try await transport([variable: proxy.url]).send(HTTPRequest(url: "http://host.invalid/a?b"))
        #expect(response.body == [7])
        #expect(proxy.record.requests.map(\.path) == ["http://host.invalid/a?b"])
    }

    @Test(arguments: ["127.0.0.1", "*", "example.org,127.0.0.0/8"])
    func `a host that is excepted is reached without the proxy`(exceptions: String) async throws {
        let proxy = try LoopbackServer { _ in [.respond(500)] }
        let server = try LoopbackServer { _ in [.respond()] }
        let transport = transport(["http_proxy": proxy.url, "NO_PROXY": exceptions])
        #expect(try await transport.send(HTTPRequest(url: server.url)).status == 200)
        #expect(proxy.record.connections == 0)
    }

    @Test func `without leave to use it no variable names a proxy`() async throws {
        let proxy = try LoopbackServer { _ in [.respond(500)] }
        let server = try LoopbackServer { _ in [.respond()] }
        let transport = CurlTransport(
            configuration: .init(usesEnvironmentProxy: false, environment: { $0 == "http_proxy" ? proxy.url : nil }))
        #expect(try await transport.send(HTTPRequest(url: server.url)).status == 200)
        #expect(proxy.record.connections == 0)
    }

    @Test func `a proxy that will not connect is a refusal, and the key stays here`() async throws {
        let proxy = try LoopbackServer { _ in [.respond(403)] }
        let request = HTTPRequest(
            url: "https://host.invalid/", headers: [HTTPHeader(name: "x-api-key", value: "sk-hidden", isSecret: true)])
        let error = await #expect(throws: TransportError.self) {
            try await transport(["https_proxy": proxy.url]).send(request)
        }
        #expect(error?.kind == .refused)
        #expect(proxy.record.requests.map(\.path) == ["host.invalid:443"])
        #expect(proxy.record.requests.allSatisfy { !$0.head.contains("sk-hidden") })
    }

    @Test(arguments: [
        "http://user:pa ss-hidden@", "weird://user:ss-hidden@127.0.0.1:1", "http://u:ss-hidden@127.0.0.1:1",
    ])
    func `a proxy that can't be used is an error without its password`(proxy: String) async throws {
        let transport = transport(["http_proxy": proxy])
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(HTTPRequest(url: "http://host.invalid/"))
        }
        var dumped = "\(CurlTransport.Configuration(environment: { $0 == "http_proxy" ? proxy : nil }))"
        dump(error, to: &dumped)
        #expect(!dumped.contains("ss-hidden"), "\(dumped)")
    }
}

@Suite(.enabled(if: ExternalProgram.areInstalled, ExternalProgram.remedy), .timeLimit(.minutes(1)))
struct ProxyTunnelTests {
    @Test func `TLS passes through the proxy unread, with HTTP 2 and the certificate checked`() async throws {
        let upstream = try LoopbackServer { _ in [.respond(body: [9])] }
        let server = try NginxServer(authority: TestAuthority(), before: upstream)
        let proxy = try TinyProxy()
        let key = HTTPHeader(name: "authorization", value: "Bearer sk-hidden", isSecret: true)
        for isTrusted in [true, false] {
            let environment = [
                "HTTPS_PROXY": "http://127.0.0.1:\(proxy.port)",
                "SSL_CERT_FILE": isTrusted ? server.authority.certificate : "",
            ]
            let transport = CurlTransport(configuration: .init(environment: { environment[$0] }))
            do {
                let response = try await transport.send(HTTPRequest(url: server.url + "/path", headers: [key]))
                #expect(isTrusted && response.httpVersion == "2" && response.body == [9])
            } catch {
                #expect(!isTrusted && error.kind == .certificate)
            }
        }
        #expect(proxy.log.contains("CONNECT 127.0.0.1:\(server.port)"))
        #expect(!proxy.log.contains("sk-hidden") && !proxy.log.contains("/path"))
        #expect(upstream.record.requests.count == 1)
    }

    @Test(arguments: ["user:right", "user:wrong"])
    func `a proxy that asks for a password gets the one in its URL`(credentials: String) async throws {
        let upstream = try LoopbackServer { _ in [.respond()] }
        let server = try NginxServer(authority: TestAuthority(), before: upstream)
        let proxy = try TinyProxy(credentials: "user right")
        let environment = [
            "ALL_PROXY": "http://\(credentials)@127.0.0.1:\(proxy.port)", "SSL_CERT_FILE": server.authority.certificate,
        ]
        let transport = CurlTransport(configuration: .init(environment: { environment[$0] }))
        do {
            #expect(try await transport.send(HTTPRequest(url: server.url)).status == 200)
            #expect(credentials == "user:right")
        } catch {
            #expect(credentials == "user:wrong" && error.kind == .refused)
            #expect(!"\(error)".contains("wrong"))
        }
    }
}
