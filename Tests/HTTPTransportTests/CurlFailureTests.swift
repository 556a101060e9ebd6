import CCurl
import Testing

@testable import HTTPTransport

@Suite struct CurlFailureTests {
    private enum Progress: CaseIterable {
        case connecting, awaitingResponse, receiving

        var state: TransferState {
            var state = TransferState(submittedAt: 0, startedAt: 0, limits: TransferLimits())
            if self != .connecting { _ = state.connected(at: 1) }
            if self == .receiving { _ = state.receivedHead(bytes: 1, at: 2) }
            return state
        }
    }

    @Test func `libcurl's codes become classes by how far the transfer was`() {
        let table:
            [(
                code: CURLcode, connecting: TransportError.Kind, waiting: TransportError.Kind,
                receiving: TransportError.Kind
            )] = [
                (CURLE_COULDNT_RESOLVE_HOST, .resolve, .resolve, .resolve),
                (CURLE_COULDNT_RESOLVE_PROXY, .resolve, .resolve, .resolve),
                (CURLE_COULDNT_CONNECT, .refused, .refused, .refused),
                (CURLE_OPERATION_TIMEDOUT, .connectTimeout, .firstByteTimeout, .totalTimeout),
                (CURLE_PEER_FAILED_VERIFICATION, .certificate, .certificate, .certificate),
                (CURLE_SSL_CONNECT_ERROR, .tls, .tls, .tls),
                (CURLE_RECV_ERROR, .reset, .reset, .closedEarly),
                (CURLE_HTTP2_STREAM, .reset, .reset, .closedEarly),
                (CURLE_GOT_NOTHING, .reset, .reset, .reset),
                (CURLE_SEND_ERROR, .reset, .reset, .reset),
                (CURLE_PARTIAL_FILE, .closedEarly, .closedEarly, .closedEarly),
                (CURLE_WEIRD_SERVER_REPLY, .malformed, .malformed, .malformed),
                (CURLE_UNSUPPORTED_PROTOCOL, .badURL, .malformed, .malformed),
                (CURLE_URL_MALFORMAT, .badURL, .badURL, .badURL),
                (CURLE_OUT_OF_MEMORY, .other, .other, .other),
            ]
        for row in table {
            let failure = CurlFailure(code: Int(row.code.rawValue), text: "")
            #expect(
                Progress.allCases.map { failure.kind(in: $0.state) } == [row.connecting, row.waiting, row.receiving])
        }
    }

    @Test func `a broken chunk is malformed, not a broken connection`() {
        let failure = CurlFailure(
            code: Int(CURLE_RECV_ERROR.rawValue), text: "Illegal or missing hexadecimal sequence in chunked-encoding")
        #expect(failure.kind(in: Progress.receiving.state) == .malformed)
    }

    @Test func `a proxy that refuses to connect is a refusal, and its URL isn't shown`() {
        let refused = CurlFailure(code: Int(CURLE_RECV_ERROR.rawValue), text: "CONNECT tunnel failed, response 403")
        #expect(refused.kind(in: Progress.connecting.state) == .refused)
        let unusable = CurlFailure(code: 5, text: "Unsupported proxy syntax in 'http://u:secret@'")
        #expect(!unusable.detail(HTTPRequest(url: "http://a/")).contains("secret"))
    }

    @Test func `each kind has a message of its own`() {
        let messages = TransportError.Kind.allCases.map { $0.message(TransferLimits()) }
        #expect(Set(messages).count == messages.count)
    }
}
