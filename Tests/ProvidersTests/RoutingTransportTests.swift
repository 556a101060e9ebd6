import HTTPTransport
import Providers
import Testing

@Suite("RoutingTransport")
struct RoutingTransportTests {
    /// Answers with the URL it was asked for, or fails with a message.
    private struct Echo: Transport {
        var failure: String?

        func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
            if let failure { throw TransportError(kind: .refused, message: failure, status: 7, partialBody: [1]) }
            return HTTPResponse(status: 200, body: Array(request.url.utf8))
        }
    }

    private let route = RoutingTransport.Route(from: "http://simulated/v1", to: "http://127.0.0.1:40123/v1")

    @Test(
        "a URL at or under the prefix goes to its target, others go where they say",
        arguments: [
            ("http://simulated/v1/chat/completions", "http://127.0.0.1:40123/v1/chat/completions"),
            ("http://simulated/v1", "http://127.0.0.1:40123/v1"),
            ("http://simulated/v1?a=b", "http://127.0.0.1:40123/v1?a=b"),
            ("http://simulated/v10/chat", "http://simulated/v10/chat"),
            ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ])
    func routes(_ url: String, _ target: String) async throws {
        let transport = RoutingTransport(Echo(), routes: [route])
        let response = try await transport.send(HTTPRequest(url: url))
        #expect(String(decoding: response.body, as: UTF8.self) == target)
    }

    @Test(
        "errors name the place and neither host nor port",
        arguments: [
            ("no connection to 127.0.0.1:40123", "no connection to simulated"),
            ("Failed to connect to 127.0.0.1 port 40123 after 0 ms", "Failed to connect to simulated after 0 ms"),
            (
                "POST http://127.0.0.1:40123/v1/chat/completions: reset",
                "POST http://simulated/v1/chat/completions: reset"
            ),
        ])
    func errors(_ message: String, _ expected: String) async {
        let transport = RoutingTransport(Echo(failure: message), routes: [route])
        await #expect(throws: TransportError(kind: .refused, message: expected, status: 7, partialBody: [1])) {
            try await transport.send(HTTPRequest(url: "http://simulated/v1/models"))
        }
    }
}
