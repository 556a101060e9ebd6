import LMDB
import Testing

@Suite struct TableKeyTests {
    @Test func `byte order is value order for integers`() {
        let unsigned: [UInt64] = [0, 1, 255, 256, 65_535, 1 << 32, .max - 1, .max]
        #expect(unsigned.map { [UInt8](tableKey: $0) }.isSortedByBytes)
        let signed: [Int64] = [.min, .min + 1, -256, -1, 0, 1, 255, 256, .max]
        #expect(signed.map { [UInt8](tableKey: $0) }.isSortedByBytes)
    }

    @Test func `byte order is value order for texts and bytes, with zeros in them`() {
        let texts = ["", "\0", "\0\0", "\0\u{1}", "\u{1}", "a", "a\0", "a\0b", "aa", "b", "é", "日本"]
        #expect(texts.map { [UInt8](tableKey: $0) }.isSortedByBytes)
        let bytes: [[UInt8]] = [[], [0], [0, 0], [0, 1], [0, 255], [1], [1, 0], [254], [255], [255, 255]]
        #expect(bytes.map { [UInt8](tableKey: $0) }.isSortedByBytes)
    }

    @Test func `a key of several parts sorts by the first, then by the second`() {
        let parts: [(String, UInt64)] = [
            ("", 0), ("", .max), ("a", 0), ("a", 1), ("a", .max), ("a\0", 0), ("a\0\u{1}", 0), ("aa", 0), ("b", 0),
        ]
        #expect(parts.map { [UInt8](tableKey: $0.0, $0.1) }.isSortedByBytes)
        let reversed: [(Int64, [UInt8], String)] = [
            (-1, [255], "z"), (0, [], "b"), (0, [0], "a"), (0, [0], "b"), (1, [], ""),
        ]
        #expect(reversed.map { [UInt8](tableKey: $0.0, $0.1, $0.2) }.isSortedByBytes)
    }

    @Test func `what was encoded is decoded, from a printed seed`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("keys from seed \(seed)")
        var state = seed
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        for _ in 0..<500 {
            let bytes = (0..<next() % 6).map { _ in UInt8([0, 1, 7, 255][Int(next() % 4)]) }
            let text = String(decoding: (0..<next() % 5).map { _ in UInt8(next() % 3) }, as: UTF8.self)
            let number = Int64(bitPattern: next() &* next())
            let key = [UInt8](tableKey: text, number, bytes, UInt64(bitPattern: number))
            var rest = key[...]
            #expect(try String(decoding: &rest) == text)
            #expect(try Int64(decoding: &rest) == number)
            #expect(try [UInt8](decoding: &rest) == bytes)
            #expect(try UInt64(decoding: &rest) == UInt64(bitPattern: number))
            #expect(rest.isEmpty)
        }
    }

    @Test func `bytes that aren't a key are refused`() {
        func refused<K: TableKey>(_: K.Type, _ bytes: [UInt8]) -> Bool {
            var rest = bytes[...]
            return (try? K(decoding: &rest)) == nil
        }
        #expect(refused(UInt64.self, [1, 2, 3]))
        #expect(refused(Int64.self, []))
        #expect(refused(String.self, [97, 98]))
        #expect(refused(String.self, [0xC3, 0x28, 0, 1]))
        #expect(refused([UInt8].self, [1, 0, 2]))
        #expect(refused([UInt8].self, [1, 0]))
    }
}

extension [[UInt8]] {
    fileprivate var isSortedByBytes: Bool {
        zip(self, dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) }
    }
}
