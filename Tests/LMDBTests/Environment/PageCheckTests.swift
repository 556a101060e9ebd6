import Foundation
import LMDB
import TestSupport
import Testing

@Suite struct PageCheckTests {
    @Test func `an empty store, and one with everything in it, are sound at every step`() throws {
        let store = try Store()
        try store.environment.check()
        for step in 0..<5 as Range<UInt64> {
            try fill(store, step)
            try store.environment.check()
        }
        try store.environment.write { transaction in
            for key in 0..<600 as Range<UInt64> where key % 3 != 0 { try transaction.delete(key, in: store.integers) }
            try transaction.clear(store.bytes)
        }
        try store.environment.check()
    }

    @Test(arguments: [1, 200, 400, 5_000, 150_000] as [UInt64])
    func `a key's integers are sound, however many they are`(_ count: UInt64) throws {
        let store = try Store()
        try store.environment.write { transaction in
            for value in 0..<count { try transaction.appendDuplicate(value, at: 1, in: store.duplicates) }
        }
        try store.environment.check()
    }

    @Test func `a key's integers that are out of order are found in every page of theirs`() throws {
        let store = try Store()
        let count: UInt64 = 150_000
        try store.environment.write { transaction in
            for value in 0..<count { try transaction.appendDuplicate(value, at: 1, in: store.duplicates) }
            for value in [5, 6, 7] as [UInt64] { try transaction.appendDuplicate(value, at: 2, in: store.duplicates) }
        }
        store.environment.close()
        let file = URL(fileURLWithPath: store.directory.path("data.mdb"))
        let sound = [UInt8](try Data(contentsOf: file))
        #expect(try !foundOutOfOrder(sound, file))
        // The few of the key 2 are within a value, and were so elsewhere in its page when they were fewer.
        #expect(
            try offsets(of: [5, 6, 7], in: sound).contains { try foundOutOfOrder(sound.with(4, at: $0 + 8), file) })
        // Pages without nodes have the many of the key 1, one behind the other.
        for value in [300, 140_000] as [UInt64] {
            let place = try #require(offsets(of: [value - 1, value, value + 1], in: sound).first)
            #expect(try foundOutOfOrder(sound.with(value - 1, at: place + 8), file))
            #expect(try foundOutOfOrder(sound.with(value + 1 << 32, at: place + 8), file))
        }
        // Pages above them have nodes, the first without a key: a header of eight bytes, and an integer.
        let pages = (2..<sound.count / 4_096).map { $0 * 4_096 }.filter { page in
            guard sound[page + 10] == 1, integer(at: page + 12, in: sound) >= 22 else { return false }
            return sound[page + integer(at: page + 20, in: sound) + 6] == 8
        }
        #expect(pages.count >= 2)
        for page in pages {
            let keys = [18, 20].map { page + integer(at: page + $0, in: sound) + 8 }
            #expect(try foundOutOfOrder(sound.with(count, at: keys[0]), file))
            #expect(try foundOutOfOrder(sound.with(0, at: keys[1]), file))
        }
    }

    @Test func `checking goes on while others write`() throws {
        let store = try Store()
        try fill(store, 0)
        let writer = try ProbeProcess("append", store.directory.path, 300)
        for _ in 0..<20 { try store.environment.check() }
        #expect(writer.lines() == ["appended 300"])
        try store.environment.check()
    }

    @Test func `a damaged page of whatever kind is named`() throws {
        let store = try Store()
        for step in 0..<3 as Range<UInt64> { try fill(store, step) }
        store.environment.close()
        let file = URL(fileURLWithPath: store.directory.path("data.mdb"))
        let sound = [UInt8](try Data(contentsOf: file))
        var named: Set<Int> = []
        for page in 2..<sound.count / 4_096 {
            var damaged = sound
            damaged[page * 4_096] ^= 0x55
            try Data(damaged).write(to: file)
            let environment = try Environment.open(at: store.directory.path)
            defer { environment.close() }
            do { try environment.check() } catch {
                #expect(error.code == .corrupted)
                if error.message.contains("at page \(page) ") { named.insert(page) }
            }
        }
        // The others are free, or lie inside of large values.
        #expect(named.count > 20)
    }

    @Test func `no bit that is turned over raises a signal, from a printed seed`() throws {
        let seed = Int.random(in: 0...1 << 40)
        print("bits from seed \(seed)")
        let store = try Store()
        for step in 0..<3 as Range<UInt64> { try fill(store, step) }
        store.environment.close()
        let lines = try ProbeProcess("flip", store.directory.path, seed).lines()
        #expect(lines.last == "survived true")
        #expect(lines.count == 101)
    }

    /// Where integers stand one behind the other.
    private func offsets(of values: [UInt64], in bytes: [UInt8]) -> [Int] {
        let sought = values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        return bytes.ranges(of: sought).map(\.lowerBound)
    }

    private func integer(at offset: Int, in bytes: [UInt8]) -> Int { Int(bytes[offset]) | Int(bytes[offset + 1]) << 8 }

    private func foundOutOfOrder(_ bytes: [UInt8], _ file: URL) throws -> Bool {
        try Data(bytes).write(to: file)
        let environment = try Environment.open(at: file.deletingLastPathComponent().path)
        defer { environment.close() }
        do throws(LMDBError) { try environment.check() } catch {
            return error.code == .corrupted && error.message.contains("keys out of order")
        }
        return false
    }

    private func fill(_ store: Store, _ step: UInt64) throws {
        try store.environment.write { transaction in
            for key in step * 200..<step * 200 + 200 {
                try transaction.put([UInt8](repeating: 3, count: 100), at: key, in: store.integers)
                try transaction.put([9], at: [UInt8](tableKey: "key \(key)", key), in: store.bytes)
                try transaction.appendDuplicate(key, at: key % 20, in: store.duplicates)
                try transaction.appendDuplicate(key, at: 1_000, in: store.duplicates)
            }
            try transaction.put([UInt8](repeating: 1, count: 30_000), at: 1_000_000 + step, in: store.integers)
        }
    }
}

extension [UInt8] {
    /// The same bytes but for an integer.
    fileprivate func with(_ value: UInt64, at offset: Int) -> [UInt8] {
        var changed = self
        for index in 0..<8 { changed[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
        return changed
    }
}
