import CanonicalJSON
import Determinism
import Testing

@testable import EventLog

@Suite struct PlainObjectTests {
    private static func isPlain(_ text: [UInt8]) -> Bool { PlainObject.matches(text.span.bytes) }

    private static func isCanonical(_ text: [UInt8]) -> Bool { (try? CanonicalObject(canonicalBytes: text)) != nil }

    @Test(arguments: [
        #"{}"#, #"{"":0}"#, #"{"a":{},"b":[],"c":[1,-2,[3,{"d":null}]],"e":true,"f":false}"#,
        #"{"a":"","aa":"exactly8","ab":"longer than eight bytes~","b":123456789012345}"#, #"{"a":"\#u{7F}"}"#,
    ])
    func `objects of plain text, integers and words are plain`(text: String) {
        #expect(Self.isPlain(Array(text.utf8)))
        #expect(Self.isCanonical(Array(text.utf8)))
    }

    @Test(arguments: [
        "", "{", "}", "[]", "1", "null", "{}{}", "{} ", " {}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,"a":1}"#,
        #"{"a":01}"#, #"{"a":-0}"#, #"{"a":-}"#, #"{"a":+1}"#, #"{"a":1 }"#, #"{"a":[1,]}"#, #"{"a":[1 2]}"#,
        #"{"a":nul}"#, #"{"a":truE}"#, #"{"b":1,"a":1}"#, #"{"a":1,"a":1}"#, #"{"aa":1,"a":1}"#, #"{"":1,"":1}"#,
        #"{"a":"x}"#, #"{"a":"x"#, #"{"a":1"#, #"{"a":t"#, "{\"a\":\"\u{1}\"}", "{\"a\":\"12345678\u{1F}\"}",
        #"{"a":1.0}"#, #"{"a":1e2}"#, #"{"a":"\u0041"}"#, #"{"a":"\/"}"#,
    ])
    func `what isn't canonical is not plain`(text: String) {
        #expect(!Self.isPlain(Array(text.utf8)))
        #expect(!Self.isCanonical(Array(text.utf8)))
    }

    @Test(arguments: [#"{"a":"é"}"#, #"{"a":"\n"}"#, #"{"a":0.5}"#, #"{"a":1234567890123456}"#, #"{"é":1}"#])
    func `what is canonical but not plain is left to the full check`(text: String) throws {
        #expect(!Self.isPlain(Array(text.utf8)))
        try CanonicalObject.check(Array(text.utf8).span.bytes)
    }

    @Test func `deep nesting is left to the full check`() {
        let deep = String(repeating: #"{"a":"#, count: 40) + "1" + String(repeating: "}", count: 40)
        #expect(!Self.isPlain(Array(deep.utf8)))
        #expect(Self.isCanonical(Array(deep.utf8)))
    }

    @Test func `no change of some bytes makes plain what isn't canonical`() {
        let seed: UInt64 = 11
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let start = Array(
            #"{"a":{"k":"text of some length","l":[1,-20,true,null]},"b":"0123456789abcdef","c":[],"d":false,"e":7}"#
                .utf8)
        let alphabet = Array("{}[]\",:-0123456789abetrufalsn\\ .E\u{1}".utf8)
        var plain = 0
        for _ in 0..<100_000 {
            var bytes = start
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes[place] = alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                case 1: bytes.remove(at: place)
                default: bytes.insert(alphabet[Int.random(in: 0..<alphabet.count, using: &random)], at: place)
                }
            }
            guard Self.isPlain(bytes) else { continue }
            plain += 1
            #expect(Self.isCanonical(bytes), "\(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(plain > 1_000)
    }
}
