import HTTPTransport
import Testing

@Suite struct HTTPMessageTests {
    private let key = "sk-test-value"

    @Test func `a secret header value is in no description, dump or interpolation`() {
        let header = HTTPHeader(name: "authorization", value: key, isSecret: true)
        let request = HTTPRequest(method: "POST", url: "http://127.0.0.1/v1", headers: [header])
        let response = HTTPResponse(status: 200, headers: [header])
        var dumped = ""
        dump((header, request, response), to: &dumped)
        for text in ["\(header)", "\(request)", "\(response)", "\([header])", String(reflecting: request), dumped] {
            #expect(!text.contains(key))
        }
        #expect(dumped.contains("(secret)"))
    }

    @Test func `a description shows neither body, query nor user information`() {
        let body = Array("the prompt".utf8)
        let request = HTTPRequest(
            method: "POST", url: "https://user:\(key)@example.com/v1?key=\(key)", body: body, label: "call 7")
        #expect(request.description == "POST https://example.com/v1 (call 7), 0 headers, 10 bytes")
        let error = TransportError(kind: .closedEarly, message: "short", partialBody: body)
        var dumped = ""
        dump((request, error), to: &dumped)
        #expect(!dumped.contains("the prompt"))
        #expect(!dumped.contains(key))
    }

    @Test func `an at sign in a path is not taken for user information`() {
        #expect(HTTPRequest(url: "http://a/b@c").description == "GET http://a/b@c, 0 headers, 0 bytes")
    }

    @Test func `a header is found whatever the case, and the first of several wins`() {
        let response = HTTPResponse(
            status: 429,
            headers: [HTTPHeader(name: "retry-after", value: "3"), HTTPHeader(name: "retry-after", value: "4")])
        #expect(response.header("Retry-After") == "3")
        #expect(response.header("x-missing") == nil)
    }

    @Test func `evidence in an error is bounded`() {
        let error = TransportError(
            kind: .tooLarge, message: "", partialBody: [UInt8](repeating: 1, count: TransportError.partialBodyLimit + 1)
        )
        #expect(error.partialBody.count == TransportError.partialBodyLimit)
    }
}
