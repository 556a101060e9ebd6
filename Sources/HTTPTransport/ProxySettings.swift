/// Through which proxies requests go.
///
/// A proxy's URL may hold a password: it never appears in a description, a dump or an error.
package struct ProxySettings: Sendable, Equatable {
    /// For `http` URLs; empty for none.
    package var plain = ""
    /// For `https` URLs, which pass through it unread; empty for none.
    package var secure = ""
    /// Hosts, domains and networks that are reached without a proxy, with commas between them; `*` for all.
    package var exceptions = ""

    package init() {}

    /// As `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` say, in small letters or, for want of those, in capitals.
    ///
    /// `HTTP_PROXY` is left aside in a CGI program, where whoever sends a request sets it by its `Proxy` field.
    package init(environment: (String) -> String?) {
        func value(_ name: String) -> String? {
            filled(name, in: environment) ?? filled(name.uppercased(), in: environment)
        }
        let all = value("all_proxy") ?? ""
        let isGateway = environment("REQUEST_METHOD") != nil
        plain = (isGateway ? filled("http_proxy", in: environment) : value("http_proxy")) ?? all
        secure = value("https_proxy") ?? all
        exceptions = value("no_proxy") ?? ""
    }
}

/// The value of an environment variable; one that is empty counts as unset.
func filled(_ name: String, in environment: (String) -> String?) -> String? {
    environment(name).flatMap { $0.isEmpty ? nil : $0 }
}

extension ProxySettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        "plain: \(plain.isEmpty ? "none" : "(set)"), secure: \(secure.isEmpty ? "none" : "(set)"), except: \(exceptions)"
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
