import Testing

@testable import HTTPTransport

@Suite struct ProxySettingsTests {
    @Test func `each variable is heard, small letters before capitals, the particular before the general`() {
        let table: [(environment: [String: String], plain: String, secure: String, exceptions: String)] = [
            ([:], "", "", ""),
            (["http_proxy": "a", "HTTP_PROXY": "b"], "a", "", ""),
            (["HTTP_PROXY": "b"], "b", "", ""),
            (["HTTP_PROXY": "b", "REQUEST_METHOD": "GET"], "", "", ""),
            (["http_proxy": "a", "REQUEST_METHOD": "GET"], "a", "", ""),
            (["https_proxy": "c", "HTTPS_PROXY": "d"], "", "c", ""),
            (["HTTPS_PROXY": "d", "all_proxy": "e"], "e", "d", ""),
            (["https_proxy": "", "HTTPS_PROXY": "d"], "", "d", ""),
            (["ALL_PROXY": "f", "no_proxy": "h", "NO_PROXY": "i"], "f", "f", "h"),
            (["NO_PROXY": "i"], "", "", "i"),
        ]
        for row in table {
            let settings = ProxySettings(environment: { row.environment[$0] })
            #expect(settings.plain == row.plain, "\(row.environment)")
            #expect(settings.secure == row.secure, "\(row.environment)")
            #expect(settings.exceptions == row.exceptions, "\(row.environment)")
        }
    }

    @Test func `trust comes from the environment, curl's own variable first`() {
        func trusted(_ environment: [String: String]) -> [String?] {
            let configuration = CurlTransport.Configuration(environment: { environment[$0] })
            return [configuration.certificateFile, configuration.certificateDirectory]
        }
        #expect(trusted([:]) == [nil, nil])
        #expect(trusted(["SSL_CERT_FILE": "a", "SSL_CERT_DIR": "b"]) == ["a", "b"])
        #expect(trusted(["SSL_CERT_FILE": "a", "CURL_CA_BUNDLE": "c"]) == ["c", nil])
        #expect(trusted(["SSL_CERT_FILE": "a", "CURL_CA_BUNDLE": ""]) == ["a", nil])
    }
}
