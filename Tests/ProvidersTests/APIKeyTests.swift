import Providers
import Testing

@Suite("APIKey")
struct APIKeyTests {
    @Test("a key shows itself in no description, interpolation, dump or reflection")
    func hidden() throws {
        let key = try #require(APIKey("sk-very-secret"))
        var dumped = ""
        dump((key, Optional(key), [key]), to: &dumped)
        for text in [
            "\(key)", String(reflecting: key), String(describing: Optional(key)), String(reflecting: [key]), dumped,
        ] {
            #expect(!text.contains("secret"))
        }
        #expect("\(key)" == "<key>")
    }

    @Test("surrounding white space isn't part of a key, and nothing isn't a key")
    func trimmed() throws {
        #expect(APIKey(" sk-a\n") == APIKey("sk-a"))
        #expect(APIKey("") == nil)
        #expect(APIKey(" \n") == nil)
        #expect(APIKey("sk-a") != APIKey("sk-b"))
    }
}
