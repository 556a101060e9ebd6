package import HTTPTransport

extension ProviderError {
    /// The failure of a call whose exchange brought no complete response.
    package init(_ error: TransportError) {
        let (kind, retryable) = Self.classify(error.kind)
        self.init(class: kind, retryable: retryable, detail: "\(error.kind.rawValue): \(error.message)")
    }

    private static func classify(_ kind: TransportError.Kind) -> (ProviderErrorClass, retryable: Bool) {
        switch kind {
        case .resolve, .refused, .reset, .closedEarly, .tls, .other: (.network, true)
        case .certificate: (.network, false)
        case .cancelled, .shutDown: (.network, true)
        case .connectTimeout, .firstByteTimeout, .totalTimeout: (.timeout, true)
        case .malformed: (.malformedResponse, true)
        case .tooLarge: (.malformedResponse, false)
        case .badURL: (.invalidRequest, false)
        }
    }
}
