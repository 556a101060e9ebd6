import Testing

@testable import HTTPTransport

@Suite struct ResponseHeadTests {
    private func head(_ lines: String...) -> ResponseHead {
        var head = ResponseHead()
        for line in lines { head.take(Array((line + "\r\n").utf8)) }
        return head
    }

    @Test func `a status line gives version and status`() {
        let table: [(line: String, version: String, status: Int)] = [
            ("HTTP/1.1 200 OK", "1.1", 200), ("HTTP/2 404 ", "2", 404), ("HTTP/1.0 503", "1.0", 503),
            ("HTTP/1.1 abc", "1.1", 0), ("HTTP/", "", 0),
        ]
        for row in table {
            #expect(head(row.line).httpVersion == row.version)
            #expect(head(row.line).status == row.status)
        }
    }

    @Test func `a field's name is lowered and its value trimmed`() {
        let head = head("HTTP/1.1 200 OK", "Content-TYPE:\t text/plain; a=B ", "Empty:", "Time: 10:20")
        let expected = [("content-type", "text/plain; a=B"), ("empty", ""), ("time", "10:20")]
        #expect(head.headers == expected.map { HTTPHeader(name: $0.0, value: $0.1) })
    }

    @Test func `an announced length is read, and nonsense isn't one`() {
        #expect(head("HTTP/1.1 200 OK", "Content-Length: 12").contentLength == 12)
        #expect(head("HTTP/1.1 200 OK", "Content-Length: twelve").contentLength == nil)
        #expect(head("HTTP/1.1 200 OK").contentLength == nil)
    }

    @Test func `a later status line begins anew, and trailers are left out`() {
        let head = head("HTTP/1.1 100 Continue", "A: 1", "", "HTTP/1.1 200 OK", "B: 2", "", "C: 3")
        #expect(head.status == 200)
        #expect(head.headers == [HTTPHeader(name: "b", value: "2")])
    }

    @Test func `bytes that aren't UTF-8 don't lose the field`() {
        var head = ResponseHead()
        head.take(Array("X: caf".utf8) + [0xE9, 13, 10])
        #expect(head.headers == [HTTPHeader(name: "x", value: "caf\u{FFFD}")])
    }
}
