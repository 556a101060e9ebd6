import CCurl

extension CurlTransport {
    /// The libcurl that this process runs with and what it was built from, as in `libcurl/7.88.1 OpenSSL/3.0.17 …`.
    package static var libraryVersion: String { unsafe String(cString: curl_version()) }
}
