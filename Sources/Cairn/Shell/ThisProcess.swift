import Glibc

/// What tells this process from others on other machines.
enum ThisProcess {
    static var id: Int { Int(getpid()) }

    /// The machine's name; `localhost` where it has none.
    static var host: String {
        var name = utsname()
        guard uname(&name) == 0 else { return "localhost" }
        let host = withUnsafeBytes(of: &name.nodename) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return host.isEmpty ? "localhost" : host
    }
}
