/// One event of a stream of server-sent events.
package struct ServerSentEvent: Sendable, Equatable {
    /// The `event` field; absent where there is none, as in the chat formats.
    package let event: String?
    /// The `data` fields, joined with line feeds.
    package let data: [UInt8]
    /// The offset in the stream just behind the line end that completed the event.
    package let end: Int

    package init(event: String? = nil, data: [UInt8], end: Int) {
        self.event = event
        self.data = data
        self.end = end
    }
}

/// Reads server-sent events (WHATWG HTML §9.2) from bytes that come in pieces of any size.
///
/// Lines end in LF, CRLF or CR; what they hold need not be whole characters until an event is complete. Fields other than
/// `event` and `data` mean nothing to us. Equal bytes give equal events, however they are split.
package struct SSEParser: Sendable {
    /// Most bytes of one line, and of the data of one event.
    package static let defaultLimit = 16 << 20

    private let limit: Int
    private var line: [UInt8] = []
    private var event: String?
    private var data: [UInt8]?
    private var offset = 0
    private var isFirstLine = true
    private var lastWasCR = false
    /// Whether a line or an event was larger than the limit; nothing behind it is read.
    package private(set) var isOverflown = false

    package init(limit: Int = SSEParser.defaultLimit) { self.limit = limit }

    /// Whether the bytes so far end inside an event: what has come of it is not an event yet and may never be one.
    package var isInsideEvent: Bool {
        data != nil || event != nil || (!line.isEmpty && line.first != UInt8(ascii: ":"))
    }

    /// Takes the next bytes of the stream and gives the events that they complete.
    package mutating func take(_ bytes: some Collection<UInt8>) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes where !isOverflown {
            offset += 1
            let endsCRLF = lastWasCR && byte == 0x0A
            lastWasCR = byte == 0x0D
            if endsCRLF { continue }
            guard byte == 0x0A || byte == 0x0D else {
                if line.count < limit { line.append(byte) } else { isOverflown = true }
                continue
            }
            if let event = endLine() { events.append(event) }
        }
        return events
    }

    private mutating func endLine() -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        isFirstLine = false
        guard !line.isEmpty else { return dispatch() }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == 0x20 { value.removeFirst() }
        if line[..<colon].elementsEqual("data".utf8) {
            append(value)
        } else if line[..<colon].elementsEqual("event".utf8) {
            event = String(decoding: value, as: UTF8.self)
        }
        return nil
    }

    /// In place, so that an event of many lines takes no more time than one of few.
    private mutating func append(_ value: ArraySlice<UInt8>) {
        guard (data.map { $0.count + 1 } ?? 0) + value.count <= limit else { return isOverflown = true }
        if data == nil { data = [] } else { data?.append(0x0A) }
        data?.append(contentsOf: value)
    }

    /// A blank line ends an event; one without data is none.
    private mutating func dispatch() -> ServerSentEvent? {
        defer { (event, data) = (nil, nil) }
        return data.map { ServerSentEvent(event: event.flatMap { $0.isEmpty ? nil : $0 }, data: $0, end: offset) }
    }
}

extension SSEParser {
    /// A whole body, read as a stream of events.
    package struct Body: Sendable, Equatable {
        /// The complete events, in order.
        package let events: [ServerSentEvent]
        /// Whether the body ends inside an event, or inside one that was too large.
        package let endsInsideEvent: Bool

        package init(events: [ServerSentEvent], endsInsideEvent: Bool) {
            self.events = events
            self.endsInsideEvent = endsInsideEvent
        }
    }

    /// The complete events of a body, and whether it ends inside one.
    package static func events(in body: [UInt8]) -> Body {
        var parser = SSEParser()
        let events = parser.take(body)
        return Body(events: events, endsInsideEvent: parser.isInsideEvent || parser.isOverflown)
    }

    /// Whether a response's headers, with names in lower case, say that its body is a stream of events.
    package static func isEventStream(_ headers: [String: String]) -> Bool {
        let type = headers["content-type"]?.prefix { $0 != ";" } ?? ""
        return type.trimmingPrefix(while: \.isWhitespace).lowercased().hasPrefix("text/event-stream")
    }
}
