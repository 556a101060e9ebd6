import CCurl

/// libcurl, which is loaded when it is first needed.
enum CurlLibrary {
    /// Why it can't be used; `nil` when it can.
    static let problem: String? = {
        if let reason = unsafe curl_shim_load() {
            return unsafe "libcurl can't be loaded (\(String(cString: reason))); install it, on Debian as libcurl4"
        }
        return curl_shim_global_init() == CURLE_OK ? nil : "libcurl can't start: no memory"
    }()
}

extension CurlTransport {
    /// Why this process can send nothing: libcurl isn't there; `nil` when it is.
    ///
    /// Looks for it, which takes some milliseconds the first time.
    package static var libraryProblem: String? { CurlLibrary.problem }

    /// The libcurl that this process runs with and what it was built from, as in `libcurl/7.88.1 OpenSSL/3.0.17 …`.
    ///
    /// Only where there is no `libraryProblem`.
    package static var libraryVersion: String {
        precondition(CurlLibrary.problem == nil, "what isn't there has no version")
        return unsafe String(cString: curl_shim_version())
    }
}
