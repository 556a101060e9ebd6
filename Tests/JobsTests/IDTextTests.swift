import CanonicalJSON
import Determinism
import Jobs
import Projections
import Testing

@Suite struct IDTextTests {
    /// Stable ids, and texts that nearly are.
    private static let texts = [
        StableID.make(kind: "job", parts: ["1"]), StableID.make(kind: "job", parts: ["2"]), "run-1", "a", "Z",
        "00000000000000000000000000", "7zzzzzzzzzzzzzzzzzzzzzzzzz", "8zzzzzzzzzzzzzzzzzzzzzzzzz",
        "0000000000000000000000000i", "0000000000000000000000000U", "000000000000000000000000000",
        "0000000000000000000000000", "a.b:c_D-5", String(repeating: "x", count: 120),
    ]

    @Test("an id is its text, in JSON and as a key too", arguments: texts)
    func isItsText(text: String) throws {
        let id = try #require(JobID(rawValue: text))
        #expect(id.rawValue == text)
        #expect(id.description == text)
        #expect(id.canonicalBytes() == text.canonicalBytes())
        #expect(try JobID(canonicalBytes: text.canonicalBytes()) == id)
        var (own, plain) = (KeyWriter([]), KeyWriter([]))
        own.append(id)
        plain.append(text)
        #expect(own.bytes == plain.bytes)
    }

    @Test("ids are equal and ordered as their texts are")
    func order() throws {
        let ids = try Self.texts.map { try #require(JobID(rawValue: $0)) }
        #expect(ids.sorted().map(\.rawValue) == Self.texts.sorted())
        for (left, text) in zip(ids, Self.texts) {
            for (right, other) in zip(ids, Self.texts) {
                #expect((left == right) == (text == other))
                if left == right { #expect(Set([left, right]).count == 1) }
            }
        }
    }

    @Test("text of other characters, or none, or too much, is no id", arguments: ["", "a b", "é", "a/b", "a\"b"])
    func refused(text: String) {
        #expect(JobID(rawValue: text) == nil)
        #expect(throws: JSONError.self) { try JobID(canonicalBytes: text.canonicalBytes()) }
        #expect(JobID(rawValue: String(repeating: "x", count: 121)) == nil)
    }
}
