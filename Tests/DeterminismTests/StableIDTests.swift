import Determinism
import Testing

@Suite struct StableIDTests {
    @Test(
        "ids are what another implementation of the encoding gives",
        arguments: [
            ("job", ["run-1", "haiku", "é"], "6dwbajnekjw3810pdy6nb5cqed"),
            ("run", [], "5sgb4jh7qqwvxkm125jaxsb03z"),
            ("job", ["ab", "c"], "00msb1md1gbn7nczzr4821x6bv"),
            ("job", ["a", "bc"], "7nsrdnfps1efakpndnennrk9ec"),
        ])
    func golden(kind: String, parts: [String], id: String) {
        #expect(StableID.make(kind: kind, parts: parts) == id)
    }

    @Test("where one part ends and the next begins matters, and so does the kind")
    func unambiguous() {
        let ids = [
            StableID.make(kind: "job", parts: []), StableID.make(kind: "job", parts: [""]),
            StableID.make(kind: "job", parts: ["", ""]), StableID.make(kind: "job", parts: ["ab"]),
            StableID.make(kind: "job", parts: ["a", "b"]), StableID.make(kind: "call", parts: ["a", "b"]),
            StableID.make(kind: "joba", parts: ["b"]), StableID.make(kind: "job", parts: ["b", "a"]),
            StableID.make(kind: "job", parts: ["\u{E9}"]), StableID.make(kind: "job", parts: ["e\u{301}"]),
        ]
        #expect(Set(ids).count == ids.count)
        for id in ids { #expect(id.utf8.count == 26) }
    }

    @Test("an id stands for 128 bits, and back")
    func bits() {
        var (high, low): (UInt64, UInt64) = (0, 0)
        for step in 0..<200 as Range<UInt64> {
            let text = StableID.text(high, low)
            let bits = Array(text.utf8).withUnsafeBytes { StableID.bits(of: $0) }
            #expect(bits?.high == high && bits?.low == low, "\(text)")
            high = step % 5 == 0 ? high >> 1 | 1 << 63 : high &* 6_364_136_223_846_793_005 &+ step
            low = step % 7 == 0 ? ~low : low << 3 ^ high &+ step
        }
        #expect(StableID.text(.max, .max) == "7zzzzzzzzzzzzzzzzzzzzzzzzz")
    }

    @Test(
        "other text is no id",
        arguments: [
            "", "0", "8zzzzzzzzzzzzzzzzzzzzzzzzz", "0000000000000000000000000i", "0000000000000l000000000000",
            "00000000000000000000o00000", "u0000000000000000000000000", "0000000000000000000000000A",
            "000000000000000000000000000", "000000000000000000000000\u{E9}", "-0000000000000000000000000",
            "0000000000000 000000000000",
        ])
    func noBits(text: String) {
        #expect(Array(text.utf8).withUnsafeBytes { StableID.bits(of: $0) } == nil)
    }
}
