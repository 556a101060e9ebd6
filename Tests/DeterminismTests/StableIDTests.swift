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
}
