package import HTTPTransport

/// Sends requests for named places to where they are now: `http://simulated/v1` to the loopback server's port.
///
/// Everybody above sees the name alone, so that what is recorded doesn't depend on a port: messages of errors are
/// turned back too.
package struct RoutingTransport: Transport {
    /// One named place.
    package struct Route: Sendable, Equatable {
        /// The beginning of URLs that go elsewhere, as in `http://simulated/v1`.
        package let prefix: String
        /// What stands there instead, as in `http://127.0.0.1:40123/v1`.
        package let target: String

        package init(from prefix: String, to target: String) {
            self.prefix = prefix
            self.target = target
        }
    }

    private let base: any Transport
    private let routes: [Route]

    package init(_ base: any Transport, routes: [Route]) {
        self.base = base
        self.routes = routes
    }

    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard let route = routes.first(where: { $0.applies(to: request.url) }) else {
            return try await base.send(request)
        }
        var routed = request
        routed.url = route.target + request.url.dropFirst(route.prefix.count)
        do throws(TransportError) {
            return try await base.send(routed)
        } catch {
            throw TransportError(
                kind: error.kind, message: route.named(error.message), timings: error.timings, status: error.status,
                partialBody: error.partialBody, arrivals: error.arrivals)
        }
    }
}

extension RoutingTransport.Route {
    /// Whether a URL is the prefix or continues it at a boundary.
    func applies(to url: String) -> Bool {
        guard url.hasPrefix(prefix) else { return false }
        let next = url.dropFirst(prefix.count).first
        return next == nil || next == "/" || next == "?" || next == "#" || prefix.hasSuffix("/")
    }

    /// A message with the place's name where its address stood, however the two parts of the address are joined.
    func named(_ message: String) -> String {
        let address = Self.authority(of: target)
        let name = Self.authority(of: prefix)
        let host = String(address.prefix { $0 != ":" })
        let port = String(address.drop { $0 != ":" }.dropFirst())
        var text = message.replacing(target, with: prefix).replacing(address, with: name)
        if !port.isEmpty { text = text.replacing(" port \(port)", with: "").replacing(":" + port, with: "") }
        return text.replacing(host, with: name)
    }

    private static func authority(of url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        return String(url[scheme.upperBound...].prefix { $0 != "/" })
    }
}
