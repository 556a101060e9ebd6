import CanonicalJSON
import Testing

@Suite struct CanonicalValueTests {
    @Test("a kept value writes the bytes that it was read from", arguments: ["{}", "[1,\"é\",{\"a\":null}]", "0.5"])
    func bytes(text: String) throws {
        let value = try CanonicalValue(canonicalBytes: Array(text.utf8))
        #expect(value.canonicalBytes() == Array(text.utf8))
        #expect(value == CanonicalValue(try JSONParser.parse(Array(text.utf8))))
        #expect(value.value == (try JSONParser.parse(Array(text.utf8))))
        #expect(value.isObject == text.hasPrefix("{"))
    }

    @Test("kept texts are the dictionary's, in canonical order")
    func texts() throws {
        let dictionary = ["scenario": "s \"1\"", "model": "é", "": "x", "e\u{301}": "decomposed"]
        let texts = CanonicalTexts(dictionary)
        #expect(texts.canonicalBytes() == dictionary.canonicalBytes())
        #expect(try CanonicalTexts(canonicalBytes: dictionary.canonicalBytes()) == texts)
        #expect(texts.dictionary == dictionary)
        #expect(CanonicalTexts([:]).dictionary.isEmpty)
    }

    @Test(
        "what a dictionary of texts refuses is refused",
        arguments: [
            "{\"a\":1}", "{\"a\":null}", "[]", "{\"b\":\"\",\"a\":\"\"}", "{\"a\":\"\",\"a\":\"\"}", "{\"a\": \"\"}",
            "{\"e\u{301}\":\"\",\"\u{E9}\":\"\"}", "{\"a\":\"\\u0041\"}", "{\"a\":\"\"",
        ])
    func refused(text: String) {
        let bytes = Array(text.utf8)
        #expect(throws: JSONError.self) { try [String: String](canonicalBytes: bytes) }
        #expect(throws: JSONError.self) { try CanonicalTexts(canonicalBytes: bytes) }
    }
}
