import HTTPTransport
import Providers
import Testing

@Suite("ProviderError")
struct ProviderErrorTests {
    @Test("every way in which an exchange can fail has a class", arguments: TransportError.Kind.allCases)
    func transport(_ kind: TransportError.Kind) {
        let error = ProviderError(TransportError(kind: kind, message: "words"))
        let expected: (ProviderErrorClass, Bool) =
            switch kind {
            case .resolve, .refused, .tls, .reset, .closedEarly, .cancelled, .shutDown, .other: (.network, true)
            case .certificate: (.network, false)
            case .connectTimeout, .firstByteTimeout, .totalTimeout: (.timeout, true)
            case .tooLarge: (.malformedResponse, false)
            case .malformed: (.malformedResponse, true)
            case .badURL: (.invalidRequest, false)
            }
        #expect(error.class == expected.0)
        #expect(error.retryable == expected.1)
        #expect(error.detail == "\(kind.rawValue): words")
    }

    @Test(
        "a class that is never retried allows no retries, and the others some", arguments: ProviderErrorClass.allCases)
    func classes(_ kind: ProviderErrorClass) {
        #expect(kind.isRetryable == (kind.mostRetries != 0))
    }
}
