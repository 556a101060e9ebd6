import Foundation
import HTTPTransport
import TestSupport
import Testing

/// nginx on 127.0.0.1 with TLS and HTTP/2, in front of a loopback server that answers from a script.
///
/// Its responses say in `x-connection` and `x-protocol` how they came.
struct NginxServer {
    let authority: TestAuthority
    let port: UInt16
    private let process: ChildProcess

    var url: String { "https://127.0.0.1:\(port)" }

    init(authority: TestAuthority, before upstream: LoopbackServer, settings: String = "") throws {
        self.authority = authority
        let path = authority.directory.path
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(path)/\($0);" }.joined(separator: " ")
        (process, port) = try ExternalProgram.start(
            ExternalProgram.nginx, ["-c", path + "/nginx.conf", "-p", path, "-e", "stderr"],
            configuration: path + "/nginx.conf", isReady: { $0.errorsSoFar.contains("event method") }
        ) { port in
            """
            daemon off; master_process off; pid \(path)/nginx.pid; error_log stderr notice;
            events { worker_connections 4096; }
            http {
                \(temporary) access_log off; client_max_body_size 0;
                \(settings)
                server {
                    listen 127.0.0.1:\(port) ssl http2;
                    ssl_certificate \(authority.serverCertificate);
                    ssl_certificate_key \(authority.serverKey);
                    location / {
                        proxy_pass http://127.0.0.1:\(upstream.port);
                        proxy_buffering off;
                        add_header x-connection $connection;
                        add_header x-protocol $server_protocol;
                    }
                }
            }

            """
        }
    }

    /// A transport that trusts this server.
    func transport(maxTransfers: Int = 256, change: (inout CurlTransport.Configuration) -> Void = { _ in })
        -> CurlTransport
    {
        var configuration = direct(maxTransfers: maxTransfers)
        configuration.certificateFile = authority.certificate
        change(&configuration)
        return CurlTransport(configuration: configuration)
    }
}
