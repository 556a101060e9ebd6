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
        case CURLE_RECV_ERROR, CURLE_HTTP2_STREAM: return hasBegun ? .closedEarly : .reset
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_SEND_FAIL_REWIND: return .reset
        case CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2: return .malformed
        // Before the request it is our URL's scheme, after it a reply that is no HTTP/1 or later.
        case CURLE_UNSUPPORTED_PROTOCOL: return state.phase == .connecting ? .badURL : .malformed
        case CURLE_URL_MALFORMAT: return .badURL
        default: return .other
        }
    }

    /// What was being done, what was found, what can be done about it.
    func message(_ kind: TransportError.Kind, _ request: HTTPRequest) -> String {
        let limits = request.limits
        let found =
            switch kind {
            case .connectTimeout: "no connection within \(limits.connectTimeout)"
            case .firstByteTimeout: "no byte of a response within \(limits.firstByteTimeout)"
            case .totalTimeout: "not finished within \(limits.totalTimeout)"
            case .tooLarge: "the response is larger than \(limits.maxResponseBytes) bytes, or its head too large"
            case .cancelled: "cancelled"
            case .shutDown: "the transport was shut down"
            case .reset: "the connection ended before a response; the server may have acted on the request"
            case .closedEarly: "the connection ended inside the response (\(text))"
            case .resolve, .refused, .tls, .certificate, .malformed, .badURL, .other: text
            }
        let remedy = kind.remedy.map { "; \($0)" } ?? ""
        return "\(request.method) \(request.shownURL): \(found)\(remedy)"
    }
}

extension TransportError.Kind {
    fileprivate var remedy: String? {
        switch self {
        case .resolve: "check the host name and the network"
        case .refused: "check the port, and that the server runs"
        case .connectTimeout: "check the address, or allow more time to connect"
        case .firstByteTimeout, .totalTimeout: "allow more time, or ask for less"
        case .tls: "check that the port speaks TLS"
        case .certificate: "check the host name, or name the CA's file in SSL_CERT_FILE"
        case .tooLarge: "allow more bytes"
        case .malformed: "check that the URL leads to an HTTP server"
        case .badURL: "correct the request"
        case .reset, .closedEarly, .cancelled, .shutDown, .other: nil
        }
    }
}
