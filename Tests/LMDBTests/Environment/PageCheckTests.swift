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
