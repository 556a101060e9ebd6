import Foundation
import TestSupport
import Testing

/// Programs of the system that tests talk to.
enum ExternalProgram {
    static let nginx = find("nginx")
    static let openssl = find("openssl")
    static let tinyproxy = find("tinyproxy")

    static let remedy: Comment = "needs nginx, openssl and tinyproxy; tools/setup test installs them"
    static var areInstalled: Bool { nginx != nil && openssl != nil && tinyproxy != nil }

    /// Some are where only administrators look.
    private static func find(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"])
            .map { $0 + "/" + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Starts a server with a port of its own, which `configuration` is written for, and waits until it is ready.
    static func start(
        _ path: String?, _ arguments: [String], configuration file: String, isReady: (ChildProcess) -> Bool,
        configuration: (UInt16) -> String
    ) throws -> (ChildProcess, port: UInt16) {
        var lastWords = ""
        for _ in 1...5 {
            let socket = try LoopbackSocket.bound()
            close(socket.socket)
            try configuration(socket.port).write(toFile: file, atomically: true, encoding: .utf8)
            let process = try ChildProcess(try #require(path), arguments)
            if process.wait(upTo: 30, until: { _ in isReady(process) }) { return (process, socket.port) }
            // Another program may have taken the port meanwhile.
            lastWords = process.outputSoFar + process.errorsSoFar
        }
        throw NotStarted(lastWords: lastWords)
    }

    struct NotStarted: Error {
        let lastWords: String
    }

    /// Runs a program that must succeed.
    static func run(_ path: String?, _ arguments: [String]) throws {
        let result = try ChildProcess.run(try #require(path), arguments)
        try #require(result.status == 0, "\(arguments): \(result.errorText)")
    }
}

/// A certificate authority of one test, with a server's certificate.
struct TestAuthority {
    let directory: TemporaryDirectory
    /// The authority's own certificate.
    var certificate: String { directory.path("authority.pem") }
    var serverCertificate: String { directory.path("server.pem") }
    var serverKey: String { directory.path("server.key") }

    /// Makes both; `names` is what the server's certificate says it is, as in `IP:127.0.0.1`.
    init(names: String = "IP:127.0.0.1,DNS:localhost") throws {
        directory = try TemporaryDirectory("tls")
        let make = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        ]
        try ExternalProgram.run(
            ExternalProgram.openssl,
            make + ["-subj", "/CN=authority", "-keyout", directory.path("authority.key"), "-out", certificate])
        try ExternalProgram.run(
            ExternalProgram.openssl,
            make + [
                "-CA", certificate, "-CAkey", directory.path("authority.key"), "-subj", "/CN=server",
                "-addext", "subjectAltName=" + names, "-addext", "basicConstraints=critical,CA:FALSE",
                "-keyout", serverKey, "-out", serverCertificate,
            ])
    }

    /// A directory that OpenSSL finds the authority in.
    func hashedDirectory() throws -> String {
        let path = directory.path("trusted")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try FileManager.default.copyItem(atPath: certificate, toPath: path + "/authority.pem")
        try ExternalProgram.run(ExternalProgram.openssl, ["rehash", path])
        return path
    }
}
