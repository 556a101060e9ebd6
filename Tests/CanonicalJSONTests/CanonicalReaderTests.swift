import CanonicalJSON
import Testing

@Suite struct CanonicalReaderTests {
    @Test("a payload is read as it was written")
    func roundTrip() throws {
        #expect(String(decoding: JobLeased.example.canonicalBytes(), as: UTF8.self) == JobLeased.text)
        #expect(try JobLeased(canonicalBytes: Array(JobLeased.text.utf8)) == .example)
        #expect(try JobLeased(canonicalBytes: Array(JobLeased.text.utf8).span.bytes) == .example)
    }

    @Test("an absent optional field is nil, and an explicit null is refused")
    func optionalField() throws {
        var job = JobLeased.example
        job.note = nil
        let absent = String(decoding: job.canonicalBytes(), as: UTF8.self)
        #expect(!absent.contains("note"))
        #expect(try JobLeased(canonicalBytes: Array(absent.utf8)) == job)
        let null = JobLeased.text.replacing(#""note":"tab\t""#, with: #""note":null"#)
        #expect(failure(JobLeased.self, null)?.path == "$.note")
    }

    @Test("a missing key is named with its path and what is there instead")
    func missingKey() {
        let text = JobLeased.text.replacing(#""kind":"retry","#, with: "")
        #expect(
            failure(JobLeased.self, text)
                == JSONError(
                    offset: 37, path: "$.kind", expected: #"the key "kind""#, found: #"the key "note""#))
        #expect(failure(JobLeased.self, "{}")?.path == "$.attempt")
        #expect(failure(JobLeased.self, "{}")?.found == "the end of the object")
    }

    @Test("an unknown key is an error wherever it stands")
    func unknownKey() {
        let last = JobLeased.text.replacing(#""w-1"}"#, with: #""w-1","zone":1}"#)
        #expect(failure(JobLeased.self, last)?.path == "$")
        #expect(failure(JobLeased.self, last)?.expected == "the end of the object")
        #expect(failure(JobLeased.self, last)?.found == #"the key "zone""#)
        let middle = JobLeased.text.replacing(#""kind""#, with: #""fuss":1,"kind""#)
        #expect(failure(JobLeased.self, middle)?.found == #"the key "fuss""#)
    }

    @Test("an error names the path through objects and arrays")
    func path() {
        let tags = JobLeased.text.replacing(#"["x","é"]"#, with: #"["x",7]"#)
        #expect(failure(JobLeased.self, tags)?.path == "$.tags[1]")
        #expect(failure(JobLeased.self, tags)?.description == #"at byte 80, $.tags[1]: expected a string, found 7"#)
        let costs = JobLeased.text.replacing("0.25", with: "0.250")
        #expect(failure(JobLeased.self, costs)?.path == "$.costs.b")
        #expect(failure([String: [Bool]].self, #"{"a b":[true,1]}"#)?.path == #"$["a b"][1]"#)
    }

    @Test("a raw value that the type doesn't have is refused")
    func rawValue() {
        let text = JobLeased.text.replacing("retry", with: "third")
        #expect(failure(JobLeased.self, text)?.expected == "a Kind")
        #expect(failure(JobLeased.self, text)?.found == "third")
    }

    @Test(
        "JSON that isn't canonical is refused",
        arguments: [
            "", " 1", "1 ", "[1, 2]", "{ }", "{\"a\" :1}", "[1,]", "[,1]", "{\"a\":1,}", "[1 2]", "[", "{", "]",
            #"{"b":1,"a":2}"#, #"{"a":1,"a":2}"#, #"{"a":{"b":1,"b":2}}"#, #"{"\u00e9":1}"#,
            "{\"\u{FB33}\":1,\"\u{1F600}\":2}", #"{"\n":1,"\t":2}"#,
            "01", "-0", "+1", "1.0", "1.50", ".5", "5.", "1e5", "1E+21", "1e21", "0.0000001", "1e-6", "0.1e1", "-",
            "9007199254740993", "0.30000000000000001", "1e400", "NaN", "Infinity", "0x10", "1_000",
            #""\u0041""#, #""\/""#, #""\u000A""#, #""\u000a""#, #""\u001F""#, #""\u007f""#, #""\ud83d\ude00""#,
            "\"\u{01}\"", "\"\n\"", #""a"#, #"""#, #""\"#, #""\u00"#, #""\x""#, "True", "nul", "truee", "'a'",
            "\u{FEFF}1", "/**/1", "1//",
        ])
    func refused(text: String) {
        #expect(failure(JSONValue.self, text) != nil)
        #expect(throws: JSONError.self) { try Skipped(canonicalBytes: Array(text.utf8)) }
    }

    @Test(
        "canonical JSON is accepted and written again as the same bytes",
        arguments: [
            "null", "true", "false", "0", "-1", "9007199254740991", "-9007199254740991", "9007199254740992", "1e+21",
            "100000000000000000000", "0.000001", "1e-7", "0.1", "-12.5", "123456789.123456", "5e-324", "[]", "{}",
            "[[],{}]", #""""#, #""\b\t\n\f\r\"\\\u0000\u001f""#, "\"\u{7F}é€😀\"", #"{"":0,"\n":1,"a":2}"#,
            "{\"\u{1F600}\":2,\"\u{FB33}\":1}", #"{"a":1,"aa":2,"b":3}"#, #""12345678\n12345678""#,
        ])
    func accepted(text: String) throws {
        let value = try JSONValue(canonicalBytes: Array(text.utf8))
        #expect(String(decoding: value.canonicalBytes(), as: UTF8.self) == text)
        #expect(try Skipped(canonicalBytes: Array(text.utf8)).bytes == Array(text.utf8))
    }

    @Test(
        "bytes that aren't UTF-8 are refused",
        arguments: [
            [0x80], [0xC0, 0x80], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
            [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x82], [0xE2, 0x28, 0xA1],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        for padding in [0, 7, 8, 9] {
            let quoted = [0x22] + [UInt8](repeating: 0x61, count: padding) + bytes + [0x22]
            #expect(throws: JSONError.self) { try String(canonicalBytes: quoted) }
            #expect(throws: JSONError.self) { try JSONParser.parse(quoted) }
        }
    }

    @Test("integers keep to their range and to ±(2^53−1)")
    func integers() throws {
        #expect(try Int(canonicalBytes: Array("9007199254740991".utf8)) == 9_007_199_254_740_991)
        #expect(try Int64(canonicalBytes: Array("-9007199254740991".utf8)) == -9_007_199_254_740_991)
        #expect(try UInt32(canonicalBytes: Array("4294967295".utf8)) == .max)
        for text in ["9007199254740992", "1.5", "1e3", "-0", "00", "", "-", "99999999999999999999999", "\"1\""] {
            #expect(failure(Int.self, text) != nil, "\(text)")
        }
        #expect(failure(UInt32.self, "4294967296")?.expected == "an integer that fits UInt32")
        #expect(failure(UInt64.self, "-1") != nil)
        #expect(failure(Int32.self, "2147483648") != nil)
        #expect(failure(UInt16.self, "65536") != nil)
    }

    @Test("nesting is bounded at 128, in arrays, objects and values that are skipped")
    func depth() throws {
        let open = String(repeating: "[", count: 128)
        let close = String(repeating: "]", count: 128)
        #expect(try JSONValue(canonicalBytes: Array((open + close).utf8)).array?.count == 1)
        #expect(failure(JSONValue.self, "[" + open + close + "]")?.expected == "at most 128 values inside each other")
        #expect(throws: JSONError.self) { try Skipped(canonicalBytes: Array(("[" + open + close + "]").utf8)) }
        let endless = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: JSONError.self) { try JSONValue(canonicalBytes: endless) }
        #expect(throws: JSONError.self) { try JSONParser.parse(endless) }
        let objects = Array(String(repeating: #"{"a":"#, count: 200_000).utf8)
        #expect(throws: JSONError.self) { try Skipped(canonicalBytes: objects) }
        #expect(throws: JSONError.self) { try JSONParser.parse(objects) }
    }

    @Test("a dictionary refuses keys that Swift takes for the same text")
    func equivalentKeys() {
        let composed = "\u{E9}"
        let decomposed = "e\u{301}"
        let text = "{\"\(decomposed)\":1,\"\(composed)\":2}"
        #expect(failure([String: Int].self, text)?.expected == "keys that differ as text")
        #expect(failure(JSONValue.self, text) == nil)
    }

    @Test("a type can parse a string's bytes itself, and its error points at the string")
    func stringBytes() throws {
        #expect(try Letter(canonicalBytes: Array(#""q""#.utf8)).byte == UInt8(ascii: "q"))
        #expect(try Letter(canonicalBytes: Array(#""\n""#.utf8)).byte == 10)
        #expect(
            failure([Letter].self, #"["a","bc"]"#)
                == JSONError(offset: 5, path: "$[1]", expected: "one letter", found: #""bc""#))
    }

    private func failure<Value: CanonicalDecodable>(_ type: Value.Type, _ text: String) -> JSONError? {
        do {
            _ = try Value(canonicalBytes: Array(text.utf8))
            return nil
        } catch {
            return error
        }
    }
}

/// One value of any kind, kept as its bytes.
struct Skipped: CanonicalCodable {
    var bytes: [UInt8]

    init(from reader: inout CanonicalReader) throws(JSONError) { bytes = try reader.rawValue() }

    func encode(to writer: inout CanonicalWriter) { writer.writeRawValue(bytes) }
}

private struct Letter: CanonicalDecodable {
    var byte: UInt8

    init(from reader: inout CanonicalReader) throws(JSONError) {
        byte = try reader.readString(as: "one letter") { $0.count == 1 ? $0.first : nil }
    }
}
