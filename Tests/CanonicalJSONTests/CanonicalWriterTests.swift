import CanonicalJSON
import Testing

@Suite struct CanonicalWriterTests {
    @Test("structure is written with commas where they belong")
    func structure() {
        var writer = CanonicalWriter(reservingCapacity: 0)
        writer.beginObject()
        writer.field("a", 1)
        writer.field("b") { writer in
            writer.beginArray()
            writer.element("x")
            writer.element { $0.writeNull() }
            writer.element([Int]())
            writer.endArray()
        }
        writer.field("c", [String: Int]())
        writer.field(dynamic: "d\n", Optional<Int>.none)
        writer.field("e", JSONValue.object(["z": 1, "y": [true]]))
        writer.endObject()
        let expected = #"{"a":1,"b":["x",null,[]],"c":{},"d\n":null,"e":{"y":[true],"z":1}}"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }

    @Test("a writer that forgot what it wrote writes the next document")
    func reuse() {
        var writer = CanonicalWriter()
        JobLeased.example.encode(to: &writer)
        writer.removeAll()
        JobLeased.example.encode(to: &writer)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == JobLeased.text)
        #expect(writer.withBytes { $0.count } == JobLeased.text.utf8.count)
    }

    @Test("a raw value goes through unchanged")
    func rawValue() throws {
        let bytes = Array(#"[{"a":[1,"\n"]}]"#.utf8)
        let values = try [Skipped](canonicalBytes: bytes)
        #expect(values.canonicalBytes() == bytes)
    }

    @Test("long texts grow the buffer, with escapes at every place in a word of eight bytes")
    func escapes() throws {
        for length in [0, 1, 7, 8, 9, 63, 64, 65, 1_000] {
            for mark in ["\"", "\\", "\u{0}", "\u{1F}", "\n", "é", "\u{7F}"] {
                for place in Set([0, length / 3, max(0, length - 1), length]).sorted() {
                    let text =
                        String(repeating: "a", count: place) + mark + String(repeating: "b", count: length - place)
                    let bytes = text.canonicalBytes()
                    #expect(try String(canonicalBytes: bytes) == text)
                    #expect(try JSONParser.parse(bytes).string == text)
                }
            }
        }
    }

    @Test("fields out of order stop the program")
    func order() async {
        await #expect(processExitsWith: .failure) {
            var writer = CanonicalWriter()
            writer.beginObject()
            writer.field("b", 1)
            writer.field("a", 2)
        }
        await #expect(processExitsWith: .failure) {
            var writer = CanonicalWriter()
            writer.beginObject()
            writer.field("a", ["z": 1])
            writer.field("a", 2)
        }
    }

    @Test("numbers that JSON can't say stop the program")
    func numbers() async {
        await #expect(processExitsWith: .failure) { _ = Double.nan.canonicalBytes() }
        await #expect(processExitsWith: .failure) { _ = Int64(9_007_199_254_740_992).canonicalBytes() }
        await #expect(processExitsWith: .failure) { _ = UInt64.max.canonicalBytes() }
    }
}
