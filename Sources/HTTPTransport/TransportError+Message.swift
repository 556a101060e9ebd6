extension TransportError.Kind {
    /// What was found and what can be done about it, for a transfer with these limits.
    func message(_ limits: TransferLimits) -> String {
        switch self {
        case .resolve: "the host has no address; check its name and the network"
        case .refused: "no connection is accepted there; check the port, and that the server runs"
        case .connectTimeout:
            "no connection within \(limits.connectTimeout); check the address, or allow more time to connect"
        case .firstByteTimeout:
            "no byte of a response within \(limits.firstByteTimeout); allow more time, or ask for less"
        case .totalTimeout: "not finished within \(limits.totalTimeout); allow more time, or ask for less"
        case .tls: "no secure connection could be agreed on; check that the port speaks TLS"
        case .certificate: "the certificate isn't trusted; check the host name, or name the CA's file in SSL_CERT_FILE"
        case .reset: "the connection ended before a response; the server may have acted on the request"
        case .closedEarly: "the connection ended inside the response"
        case .tooLarge: "the response is larger than \(limits.maxResponseBytes) bytes, or its head is; allow more"
        case .cancelled: "the request was cancelled"
        case .malformed: "what came back isn't HTTP; check that the URL leads to an HTTP server"
        case .badURL: "the request can't be sent as it stands; correct its URL and header fields"
        case .shutDown: "the transport was shut down"
        case .other: "the transfer failed; the detail says how"
        }
    }
}
