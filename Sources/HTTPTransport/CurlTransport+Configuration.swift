import Glibc

extension CurlTransport {
    /// How much at once, as whom, through which proxy, and whom to trust.
    package struct Configuration: Sendable, Equatable {
        /// Most transfers that run at once, and connections kept for later; further ones wait their turn.
        package var maxTransfers: Int
        /// Most transfers that run at once with the same scheme, host and port.
        package var maxTransfersPerHost: Int
        /// Most connections to the same host and port; `nil` for as many as transfers need.
        ///
        /// Fewer than transfers are for HTTP/2, where many share one; with HTTP/1.1 the other transfers wait their turn.
        package var maxConnectionsPerHost: Int?
        /// Most HTTP/2 streams at once on one connection; a server may allow fewer.
        package var maxStreamsPerConnection = 100
        package var userAgent: String
        package var proxies: ProxySettings
        /// Certificates of trusted authorities in PEM; `nil` for the system's.
        package var certificateFile: String?
        /// A directory of such certificates, hashed by OpenSSL, to look into besides.
        package var certificateDirectory: String?

        /// Trusts what `CURL_CA_BUNDLE`, else `SSL_CERT_FILE`, and `SSL_CERT_DIR` say, as curl's own program does.
        package init(
            maxTransfers: Int = 1024,
            maxTransfersPerHost: Int = 1024,
            maxConnectionsPerHost: Int? = nil,
            userAgent: String = "cairn",
            usesEnvironmentProxy: Bool = true,
            environment: (String) -> String? = Self.environment
        ) {
            self.maxTransfers = maxTransfers
            self.maxTransfersPerHost = maxTransfersPerHost
            self.maxConnectionsPerHost = maxConnectionsPerHost
            self.userAgent = userAgent
            proxies = usesEnvironmentProxy ? ProxySettings(environment: environment) : ProxySettings()
            certificateFile = filled("CURL_CA_BUNDLE", in: environment) ?? filled("SSL_CERT_FILE", in: environment)
            certificateDirectory = filled("SSL_CERT_DIR", in: environment)
        }

        /// The value of a variable of this process.
        package static func environment(_ name: String) -> String? {
            unsafe getenv(name).map { unsafe String(cString: $0) }
        }
    }
}
