import CanonicalJSON
import Testing

@Suite struct JSONValueTests {
    @Test("literals make values, and accessors take them apart")
    func literals() {
        let value: JSONValue = ["n": .null, "b": true, "i": 7, "d": 0.5, "s": "text", "a": [1, "two"], "o": ["k": 1]]
        #expect(value["n"]?.isNull == true)
        #expect(value["b"]?.bool == true)
        #expect(value["i"]?.int == 7)
        #expect(value["d"]?.double == 0.5)
        #expect(value["d"]?.int == nil)
        #expect(value["s"]?.string == "text")
        #expect(value["a"]?[1]?.string == "two")
        #expect(value["a"]?[2] == nil)
        #expect(value["o"]?["k"]?.int == 1)
        #expect(value["absent"] == nil)
        #expect(JSONValue.number(9_007_199_254_740_992).int == nil)
    }

    @Test("an object keeps its members sorted whatever is set and removed", arguments: seeds)
    func sorted(seed: UInt64) {
        var random = Documents(seed: seed)
        var object = JSONObject()
        var model: [[UInt16]: Int] = [:]
        for step in 0..<300 {
            let key = String(random.text().unicodeScalars.prefix(2))
            let removes = random.below(3) == 0
            object[key] = removes ? nil : JSONValue(step)
            model[Array(key.utf16)] = removes ? nil : step
        }
        let expected = model.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        #expect(object.keys.map { Array($0.utf16) } == expected.map(\.key))
        #expect(object.values.map(\.int) == expected.map(\.value))
        #expect(object.count == model.count)
    }

    @Test("members given twice make no object")
    func duplicates() {
        #expect(JSONObject([("a", 1), ("b", 2), ("a", 3)]) == nil)
        #expect(JSONObject([("b", 1), ("a", 2)])?.keys == ["a", "b"])
    }
}
