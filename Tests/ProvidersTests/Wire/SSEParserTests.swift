import Determinism
import Providers
import Testing

@Suite struct SSEParserTests {
    @Test(
        "lines end in LF, CRLF or CR, and a blank one completes an event",
        arguments: ["\n", "\r\n", "\r"])
    func lineEnds(_ end: String) {
        let text = "data: a\(end)data:b\(end)\(end)event: e\(end)data\(end)\(end)"
        let body = SSEParser.events(in: Array(text.utf8))
        #expect(body.events.map(\.event) == [nil, "e"])
        #expect(body.events.map { String(decoding: $0.data, as: UTF8.self) } == ["a\nb", ""])
        #expect(!body.endsInsideEvent)
    }

    @Test("the end of an event is the offset behind the line end that completed it")
    func ends() {
        #expect(SSEParser.events(in: Array("data: a\n\ndata: b\n\n".utf8)).events.map(\.end) == [9, 18])
        #expect(SSEParser.events(in: Array("data: a\r\n\r\n".utf8)).events.map(\.end) == [10])
    }

    @Test("comments, unknown fields, a byte order mark and events without data are no events")
    func ignored() {
        let text = "\u{FEFF}data: a\n\n: keep-alive\n\nid: 7\nretry: 9\nfoo: bar\n\nevent: ping\n\ndata: b\n\n"
        let body = SSEParser.events(in: Array(text.utf8))
        #expect(body.events.map { String(decoding: $0.data, as: UTF8.self) } == ["a", "b"])
        #expect(body.events.map(\.event) == [nil, nil])
        #expect(!body.endsInsideEvent)
    }

    @Test(
        "what isn't completed by a blank line is no event, and is said to be cut",
        arguments: [
            ("data: a", true), ("data: a\n", true), ("event: e\n", true), ("da", true), ("", false), (": keep", false),
            ("data: a\n\n", false), ("data: a\n\n: keep\n", false), ("data: a\n\n\n", false),
        ])
    func cut(_ text: String, _ isCut: Bool) {
        let body = SSEParser.events(in: Array(text.utf8))
        #expect(body.endsInsideEvent == isCut)
        #expect(body.events.count == (text.contains("\n\n") ? 1 : 0))
    }

    @Test("pieces of any size give the same events as the whole, in the middle of a character too")
    func pieces() {
        let text = "\u{FEFF}: c\r\ndata: zażółć 🎲\r\n\r\nevent: x\rdata: {\"a\":1}\r\rdata: é\n\ndata: rest"
        let bytes = Array(text.utf8)
        let whole = SSEParser.events(in: bytes)
        #expect(whole.events.count == 3)
        let seed: UInt64 = 20_261_121
        var generator = SeededGenerator(seed: seed)
        for round in 0..<200 {
            var parser = SSEParser()
            var events: [ServerSentEvent] = []
            var start = 0
            while start < bytes.count {
                let count = Int(generator.next() % 9)
                let end = min(start + count, bytes.count)
                events += parser.take(bytes[start..<end])
                start = end
            }
            #expect(events == whole.events, "seed \(seed), round \(round)")
            #expect(parser.isInsideEvent == whole.endsInsideEvent)
        }
    }

    @Test("an event may have very many lines")
    func manyLines() {
        let body = SSEParser.events(in: Array((String(repeating: "data:\n", count: 100_000) + "\n").utf8))
        #expect(body.events.map(\.data.count) == [99_999])
    }

    @Test("a line or an event beyond the limit ends the reading")
    func limits() {
        var parser = SSEParser(limit: 16)
        #expect(parser.take(Array("data: 0123456789\n\n".utf8)).count == 1)
        #expect(parser.take(Array("data: 0123\ndata: 0123\ndata: 0123\ndata: 0123\n\ndata: a\n\n".utf8)).isEmpty)
        #expect(parser.isOverflown)
        var other = SSEParser(limit: 16)
        #expect(other.take(Array("data: 01234567890\n\ndata: a\n\n".utf8)).isEmpty)
        #expect(other.isOverflown)
    }

    @Test(
        "the type of the content says whether a body is a stream",
        arguments: [
            ("text/event-stream", true), ("text/event-stream; charset=utf-8", true), (" Text/Event-Stream", true),
            ("application/json", false), ("", false),
        ])
    func contentType(_ type: String, _ isStream: Bool) {
        #expect(SSEParser.isEventStream(["content-type": type]) == isStream)
        #expect(!SSEParser.isEventStream([:]))
    }
}
