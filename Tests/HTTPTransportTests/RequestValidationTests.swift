import Testing

@testable import HTTPTransport

@Suite struct RequestValidationTests {
    @Test func `an origin is scheme, host and port`() {
        let table = [
            "http://a": "http://a", "https://a:8/b/c": "https://a:8", "http://a?b": "http://a",
            "http://a#b/c": "http://a",
        ]
        for (url, origin) in table { #expect(HTTPRequest(url: url).origin == origin[...]) }
    }

    @Test func `the scheme's case doesn't matter`() {
        #expect(HTTPRequest(url: "HTTPS://a/").problem == nil)
        #expect(HTTPRequest(url: "HTTPS://a/").isSecure)
        #expect(!HTTPRequest(url: "http://a/").isSecure)
    }

    @Test func `fields of our own are added unless the caller has them`() {
        let own = HTTPRequest(url: "http://a/").headerLines
        #expect(own == ["Expect:", "Accept-Encoding: identity", "Content-Type:"])
        let headers = [
            HTTPHeader(name: "Content-Type", value: "a/b"), HTTPHeader(name: "accept-encoding", value: "gzip"),
            HTTPHeader(name: "X", value: ""),
        ]
        let given = HTTPRequest(url: "http://a/", headers: headers).headerLines
        #expect(given == ["Content-Type: a/b", "accept-encoding: gzip", "X;", "Expect:"])
    }
}
