import CCurl

/// What libcurl said when a transfer failed.
struct CurlFailure {
    /// A `CURLcode`.
    let code: Int
    let text: String

    /// The class of the failure of a transfer in this state, which didn't end it itself.
    func kind(in state: TransferState) -> TransportError.Kind {
        let hasBegun = state.phase == .receiving
        switch CURLcode(UInt32(code)) {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return .resolve
        case CURLE_COULDNT_CONNECT: return .refused
        case CURLE_OPERATION_TIMEDOUT: return state.phase == .connecting ? .connectTimeout : state.expiredTimeout
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            return .certificate
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED,
            CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CERTPROBLEM, CURLE_SSL_SHUTDOWN_FAILED:
            return .tls
        case CURLE_PARTIAL_FILE: return .closedEarly
        case CURLE_RECV_ERROR where text.contains("chunked-encoding"): return .malformed
        // The proxy spoke, and would not connect us to the server.
        case CURLE_RECV_ERROR where text.contains("CONNECT "): return .refused
        case CURLE_RECV_ERROR, CURLE_HTTP2_STREAM: return hasBegun ? .closedEarly : .reset
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_SEND_FAIL_REWIND: return .reset
        case CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2: return .malformed
        // Before the request it is our URL's scheme, after it a reply that is no HTTP/1 or later.
        case CURLE_UNSUPPORTED_PROTOCOL: return state.phase == .connecting ? .badURL : .malformed
        case CURLE_URL_MALFORMAT: return .badURL
        default: return .other
        }
    }

    /// What was asked of whom, and libcurl's own words.
    func detail(_ request: HTTPRequest) -> String {
        "\(request.method) \(request.shownURL)" + (text.isEmpty ? "" : ": \(shownText)")
    }

    /// Of a proxy whose URL it can't use libcurl shows the URL, in which there may be a password.
    private var shownText: String {
        text.hasPrefix("Unsupported proxy") ? "the URL of the proxy can't be used" : text
    }
}
