extension HTTPRequest {
    /// Why this request can't be sent as it stands; `nil` when it can.
    ///
    /// A line break in a field would let its value write further fields (RFC 9112 §11.1), a zero byte would cut it short in C,
    /// and a length of the caller's own would contradict the body's.
    var problem: String? {
        if !method.isToken { return "the method is not an HTTP token" }
        if !hasWebScheme { return "the URL doesn't begin with http:// or https://; give an absolute URL" }
        if url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
            return "the URL contains a blank or a control character; percent-encode it"
        }
        if !hasHost { return "the URL names no host" }
        for header in headers {
            if let problem = header.problem { return problem }
        }
        return nil
    }

    var isSecure: Bool { url.hasASCIIPrefix("https://") }

    private var hasWebScheme: Bool { isSecure || url.hasASCIIPrefix("http://") }

    private var hasHost: Bool {
        let host = url.utf8.dropFirst(isSecure ? 8 : 7).first
        return host.map { !"/?#".utf8.contains($0) } ?? false
    }

    /// Scheme, host and port: transfers with the same one share connections.
    var origin: Substring {
        let authority = url.utf8.firstIndex(of: UInt8(ascii: "/")).map { url.utf8.index($0, offsetBy: 2) }
        guard let authority else { return url[...] }
        let end = url.utf8[authority...].firstIndex { "/?#".utf8.contains($0) }
        return url[..<(end ?? url.endIndex)]
    }
}

extension HTTPHeader {
    fileprivate var problem: String? {
        if !name.isToken { return "the name of a header field is not an HTTP token" }
        if value.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0 }) {
            return "the value of the header field \(name) contains a line break or a zero byte"
        }
        switch name.lowercased() {
        case "content-length", "transfer-encoding", "expect":
            return "the header field \(name) is the transport's to set; leave it out"
        default: return nil
        }
    }
}

extension String {
    /// RFC 9110 §5.6.2.
    fileprivate var isToken: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// Whether it begins with this lower-case text, whatever its own case.
    fileprivate func hasASCIIPrefix(_ prefix: String) -> Bool {
        utf8.count >= prefix.utf8.count && zip(utf8, prefix.utf8).allSatisfy { $0 | 0x20 == $1 | 0x20 }
    }
}
