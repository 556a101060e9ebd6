import TestSupport

/// tinyproxy on 127.0.0.1, which carries requests and TLS connections on.
struct TinyProxy {
    let port: UInt16
    private let directory: TemporaryDirectory
    private let process: ChildProcess

    /// Without a name and a password it serves everybody.
    init(credentials: String? = nil) throws {
        directory = try TemporaryDirectory("proxy")
        let file = directory.path("tinyproxy.conf")
        (process, port) = try ExternalProgram.start(
            ExternalProgram.tinyproxy, ["-d", "-c", file], configuration: file,
            isReady: { $0.outputSoFar.contains("Accepting connections") }
        ) { port in
            """
            Port \(port)
            Listen 127.0.0.1
            Allow 127.0.0.1
            MaxClients 100
            LogLevel Info
            \(credentials.map { "BasicAuth " + $0 } ?? "")

            """
        }
    }

    /// What it was asked to do so far.
    var log: String { process.outputSoFar }
}
