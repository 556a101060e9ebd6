import CanonicalJSON
import Testing

@Suite struct JSONParserTests {
    @Test("white space, any order of keys and any form of number are read")
    func lenient() throws {
        let text = "\r\n\t {\"b\" : [ 1.50e0 , -0 , 1E2 ] , \"a\" : \"\\u0041\\/\\uD83D\\uDE00\" } \n"
        let expected: JSONValue = ["a": "A/😀", "b": [1.5, 0, 100]]
        #expect(try parse(text) == expected)
        #expect(try JSONParser.parse(Array(text.utf8).span.bytes) == expected)
    }

    @Test(
        "what isn't JSON is refused",
        arguments: [
            "", " ", "[1,]", "[,]", "{\"a\":1,}", "{a:1}", "{\"a\"}", "[1 2]", "1 2", "01", "-", "+1", ".5", "5.", "1e",
            "1e+",
            "NaN", "nul", "\"a", "\"\n\"", #""\x""#, #""\u12"#, #""\u12g4""#, "{\"a\":1,\"a\":2}",
            #"{"a":1,"\u0061":2}"#,
            "1e400", "-1e400", "\u{FEFF}1", "[1]]", "}", "\"\u{0}\"",
        ])
    func refused(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test(
        "lone surrogates are refused",
        arguments: [
            #""\ud800""#, #""\udc00""#, #""\ud800\ud800""#, #""\ud83d😀""#, #""\ud83dx\ude00""#, #""\ude00\ud83d""#,
        ])
    func loneSurrogates(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test("an error says where, in which value, what was expected and what is there")
    func errors() {
        #expect(
            throws: JSONError(
                offset: 14, path: "$.a[1].b", expected: "a value", found: "the byte 0x7f")
        ) {
            try parse("{\"a\":[1,{\"b\": \u{7F}}]}")
        }
        #expect(throws: JSONError(offset: 2, path: "$", expected: "the end of the input", found: "2")) {
            try parse("1 2")
        }
    }

    @Test("limits on depth and size hold")
    func limits() throws {
        let limits = JSONParser.Limits(depth: 2, bytes: 10)
        #expect(try JSONParser.parse(Array("[[1]]".utf8), limits: limits) == [[1]])
        #expect(throws: JSONError.self) { try JSONParser.parse(Array("[[[1]]]".utf8), limits: limits) }
        #expect(throws: JSONError.self) { try JSONParser.parse(Array("[1,2,3,4,5]".utf8), limits: limits) }
    }

    @Test("keys that differ only in composition are two keys")
    func composition() throws {
        let object = try #require(try parse("{\"\u{E9}\":1,\"e\u{301}\":2}").object)
        #expect(object.count == 2)
        #expect(object["\u{E9}"] == 1)
        #expect(object["e\u{301}"] == 2)
        #expect(JSONValue.string("\u{E9}") != JSONValue.string("e\u{301}"))
    }

    private func parse(_ text: String) throws -> JSONValue { try JSONParser.parse(Array(text.utf8)) }
}
