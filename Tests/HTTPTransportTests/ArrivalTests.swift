import Testing

@testable import HTTPTransport

@Suite struct ArrivalTests {
    private let transport = CurlTransport(configuration: direct())

    @Test func `pieces are noted with the bytes until then and when they came, if asked for`() async throws {
        let server = try LoopbackServer { request in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"), .wait, .send("cde")]
        }
        for asked in [true, false] {
            let request = HTTPRequest(url: server.url, recordsArrivals: asked)
            async let answer = transport.send(request)
            await server.record.waitForRequests(asked ? 1 : 2)
            server.release()
            let response = try await answer
            #expect(response.body == Array("abcde".utf8))
            let arrivals = response.arrivals
            #expect(arrivals.isEmpty == !asked)
            guard asked else { continue }
            #expect(arrivals.last?.offset == 5)
            #expect(arrivals.map(\.offset) == arrivals.map(\.offset).sorted())
            #expect(arrivals.map(\.microseconds) == arrivals.map(\.microseconds).sorted())
            let first = try #require(arrivals.first?.microseconds)
            #expect(first >= response.timings.firstByteMicroseconds)
        }
    }

    @Test func `a body that is cut off keeps the arrivals of what came`() async throws {
        let server = try LoopbackServer { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), .close] }
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(HTTPRequest(url: server.url, recordsArrivals: true))
        }
        #expect(error?.partialBody == Array("abc".utf8))
        #expect(error?.arrivals.last?.offset == 3)
    }

    @Test func `past the limit the last arrival stands for all that followed`() {
        var log = ArrivalLog()
        for count in 1...(Arrival.limit + 5) { log.note(Arrival(offset: count, microseconds: Int64(count))) }
        #expect(log.arrivals.count == Arrival.limit)
        #expect(log.arrivals.first == Arrival(offset: 1, microseconds: 1))
        #expect(log.arrivals[Arrival.limit - 2].offset == Arrival.limit - 1)
        #expect(log.arrivals.last?.offset == Arrival.limit + 5)
    }
}
