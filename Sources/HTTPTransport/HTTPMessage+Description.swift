// Descriptions go to logs. They name and count; they show no secret header value, no body and no query of a URL.

extension HTTPHeader: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(name): \(isSecret ? "(secret)" : value)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror {
        Mirror(self, children: ["name": name, "value": isSecret ? "(secret)" : value, "isSecret": isSecret])
    }
}

extension HTTPRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        let name = label.isEmpty ? "" : " (\(label))"
        return "\(method) \(shownURL)\(name), \(headers.count) headers, \(body.count) bytes"
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "method": method, "url": shownURL, "headers": headers, "bodyBytes": body.count, "limits": limits,
                "label": label, "recordsArrivals": recordsArrivals,
            ])
    }

    /// The URL without user information, query and fragment, where keys are sometimes put.
    var shownURL: String {
        let path = url.prefix { $0 != "?" && $0 != "#" }
        guard let scheme = path.firstRange(of: "://") else { return String(path) }
        let rest = path[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return String(path) }
        return String(path[..<scheme.upperBound] + rest[rest.index(after: at)...])
    }
}

extension HTTPResponse: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        "HTTP/\(httpVersion) \(status), \(headers.count) headers, \(body.count) bytes, \(timings.totalMicroseconds) µs"
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "status": status, "headers": headers, "bodyBytes": body.count, "timings": timings,
                "httpVersion": httpVersion, "arrivals": arrivals.count,
            ])
    }
}
