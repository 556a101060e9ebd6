/// The status and header fields of a response, gathered line by line.
struct ResponseHead: Equatable {
    /// 0 until a status line came.
    private(set) var status = 0
    private(set) var httpVersion = ""
    private(set) var headers: [HTTPHeader] = []
    /// `Content-Length` of the response, if it has one that is a number.
    private(set) var contentLength: Int?
    private var isComplete = false

    /// Takes one line with its line break.
    ///
    /// A status line begins a new response (an interim `1xx` comes before the final one); after the empty line come only
    /// trailers, which are left out.
    mutating func take(_ line: some Collection<UInt8>) {
        let text = line.trimmed
        if text.starts(with: "HTTP/".utf8) {
            beginResponse(text)
        } else if text.isEmpty {
            isComplete = true
        } else if !isComplete {
            addField(text)
        }
    }

    private mutating func beginResponse(_ line: some Collection<UInt8>) {
        let parts = line.dropFirst(5).split(separator: UInt8(ascii: " "), maxSplits: 2)
        self = ResponseHead()
        httpVersion = parts.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
        status = parts.count > 1 ? Int(String(decoding: parts[1], as: UTF8.self)) ?? 0 : 0
        headers.reserveCapacity(8)
    }

    private mutating func addField<Line: Collection<UInt8>>(_ line: Line) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let name = String(decoding: line[..<colon].trimmed.lazy.map(\.lowercasedASCII), as: UTF8.self)
        let value = String(decoding: line[line.index(after: colon)...].trimmed, as: UTF8.self)
        if name == "content-length" { contentLength = Int(value) }
        headers.append(HTTPHeader(name: name, value: value))
    }
}

extension Collection<UInt8> {
    /// Without blanks, tabs and line breaks at both ends.
    fileprivate var trimmed: SubSequence {
        let tail = drop { $0.isBlank }
        var end = tail.startIndex
        var index = tail.startIndex
        while index != tail.endIndex {
            let isBlank = tail[index].isBlank
            tail.formIndex(after: &index)
            if !isBlank { end = index }
        }
        return tail[..<end]
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0D || self == 0x0A }

    fileprivate var lowercasedASCII: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
}
