import HTTPTransport
import Testing

@Suite(.enabled(if: ExternalProgram.areInstalled, ExternalProgram.remedy), .timeLimit(.minutes(1)))
struct TLSTests {
    private let secret = HTTPHeader(name: "authorization", value: "Bearer sk-hidden", isSecret: true)

    private func failure(of request: HTTPRequest, through transport: CurlTransport) async -> TransportError? {
        do {
            let response = try await transport.send(request)
            Issue.record("a response came: \(response)")
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "SSL_CERT_DIR"])
    func `an authority that the environment names is trusted`(variable: String) async throws {
        let upstream = try LoopbackServer { _ in [.respond(body: [1])] }
        let server = try NginxServer(authority: TestAuthority(), before: upstream)
        let path = variable == "SSL_CERT_DIR" ? try server.authority.hashedDirectory() : server.authority.certificate
        let transport = CurlTransport(
            configuration: .init(usesEnvironmentProxy: false, environment: { $0 == variable ? path : nil }))
        for host in ["127.0.0.1", "localhost"] {
            let response = try await transport.send(HTTPRequest(url: "https://\(host):\(server.port)/"))
            #expect(response.status == 200)
            #expect(response.httpVersion == "2")
            #expect(response.header("x-protocol") == "HTTP/2.0")
        }
    }

    @Test func `an unknown authority is refused before anything is sent`() async throws {
        let upstream = try LoopbackServer { _ in [.respond()] }
        let server = try NginxServer(authority: TestAuthority(), before: upstream)
        let stranger = try TestAuthority()
        for file in [nil, stranger.certificate] {
            let transport = server.transport { $0.certificateFile = file }
            let error = await failure(
                of: HTTPRequest(url: server.url + "/?key=sk-hidden", headers: [secret]), through: transport)
            #expect(error?.kind == .certificate)
            var dumped = ""
            dump(error, to: &dumped)
            #expect(!dumped.contains("sk-hidden"))
        }
        #expect(upstream.record.connections == 0)
    }

    @Test func `a certificate for another host is refused`() async throws {
        let upstream = try LoopbackServer { _ in [.respond()] }
        let server = try NginxServer(authority: TestAuthority(names: "DNS:other.example"), before: upstream)
        let error = await failure(of: HTTPRequest(url: server.url, headers: [secret]), through: server.transport())
        #expect(error?.kind == .certificate)
        #expect(upstream.record.connections == 0)
    }

    @Test func `a file of authorities that doesn't exist is a certificate error`() async throws {
        let upstream = try LoopbackServer { _ in [.respond()] }
        let server = try NginxServer(authority: TestAuthority(), before: upstream)
        let transport = server.transport { $0.certificateFile = "/nonexistent/authority.pem" }
        #expect(await failure(of: HTTPRequest(url: server.url), through: transport)?.kind == .certificate)
    }
}
