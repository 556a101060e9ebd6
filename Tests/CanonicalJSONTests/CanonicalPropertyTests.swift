import CanonicalJSON
import Testing

/// Properties over generated documents; a failure names its seed.
@Suite struct CanonicalPropertyTests {
    @Test("what is written is read as the same value, by reader and parser", arguments: seeds)
    func roundTrip(seed: UInt64) throws {
        var random = Documents(seed: seed)
        for _ in 0..<300 {
            let value = random.value()
            let bytes = value.canonicalBytes()
            #expect(try JSONValue(canonicalBytes: bytes) == value)
            #expect(try JSONParser.parse(bytes) == value)
            #expect(try Skipped(canonicalBytes: bytes).bytes == bytes)
        }
    }

    @Test("every double is written in a text that reads back to its bits", arguments: seeds)
    func doubles(seed: UInt64) throws {
        var random = Documents(seed: seed)
        for _ in 0..<2_000 {
            let number = random.below(2) == 0 ? random.finite() : random.number()
            let bytes = number.canonicalBytes()
            #expect(try Double(canonicalBytes: bytes) == number)
            #expect(Double(String(decoding: bytes, as: UTF8.self)) == number)
        }
    }

    @Test("decimals are written with the shortest digits, which Swift's description has too", arguments: seeds)
    func decimals(seed: UInt64) {
        var random = Documents(seed: seed)
        for _ in 0..<2_000 {
            let scale = [10.0, 1e2, 1e3, 1e5, 1e6, 1e9, 1e12][random.below(7)]
            let near = Double(random.next() >> UInt64(10 + random.below(50))) / scale
            for number in [near, near.nextUp, -near.nextDown] where 1e-4..<1e15 ~= number.magnitude {
                let description = number.description
                let expected = description.hasSuffix(".0") ? String(description.dropLast(2)) : description
                #expect(String(decoding: number.canonicalBytes(), as: UTF8.self) == expected)
            }
        }
    }

    @Test(
        "whatever the bytes, the reader accepts only what it would write, and nothing stops the program",
        arguments: seeds)
    func mutations(seed: UInt64) {
        var random = Documents(seed: seed)
        var accepted = 0
        for _ in 0..<2_000 {
            let bytes = random.mutated(random.value(depth: 3).canonicalBytes())
            let read = try? JSONValue(canonicalBytes: bytes)
            let parsed = try? JSONParser.parse(bytes)
            let skipped = try? Skipped(canonicalBytes: bytes)
            if let read {
                accepted += 1
                #expect(read.canonicalBytes() == bytes)
                #expect(parsed == read)
            }
            #expect((skipped != nil) == (read != nil))
            if let parsed {
                let written = parsed.canonicalBytes()
                #expect((try? JSONValue(canonicalBytes: written)) == parsed)
                #expect((read != nil) == (written == bytes))
            }
        }
        #expect(accepted > 0)
    }

    @Test("a typed payload accepts only what it would write", arguments: seeds)
    func typedMutations(seed: UInt64) {
        var random = Documents(seed: seed)
        for _ in 0..<2_000 {
            let bytes = random.mutated(Array(JobLeased.text.utf8))
            if let job = try? JobLeased(canonicalBytes: bytes) {
                #expect(job.canonicalBytes() == bytes)
            }
        }
    }

    @Test("random bytes are refused or read, never fatal", arguments: seeds)
    func noise(seed: UInt64) {
        var random = Documents(seed: seed)
        for _ in 0..<2_000 {
            let bytes = (0..<random.below(12)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            if let read = try? JSONValue(canonicalBytes: bytes) { #expect(read.canonicalBytes() == bytes) }
            _ = try? JSONParser.parse(bytes)
        }
    }
}
