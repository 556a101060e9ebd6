import LMDB
import TestSupport
import Testing

@Suite struct CursorTests {
    @Test func `a fresh cursor begins with next at the first and with previous at the last entry`() throws {
        let store = try filled(3)
        #expect(try steps(store) { try $0.next() } == [0, 10, 20])
        #expect(try steps(store) { try $0.previous() } == [20, 10, 0])
    }

    @Test func `past the end a cursor is on no entry until it seeks again`() throws {
        let store = try filled(2)
        try store.environment.read { transaction in
            try transaction.withCursor(in: store.integers) { cursor in
                while try cursor.next() {}
                let onEntry = cursor.isOnEntry
                #expect(!onEntry)
                let again = (try cursor.next(), try cursor.previous())
                #expect(again == (false, false))
                var seen: LMDBError.Code?
                do throws(LMDBError) { _ = try cursor.integerKey() } catch { seen = error.code }
                #expect(seen == .notFound)
                let sought = try cursor.seek(to: 5)
                let key = try cursor.integerKey()
                #expect(sought && key == 10)
            }
        }
    }

    @Test func `seeking finds the nearest after, the exact, and the nearest before`() throws {
        let store = try filled(5)
        func seek(_ move: (inout Cursor) throws -> Bool) throws -> UInt64? {
            try store.environment.read { transaction in
                try transaction.withCursor(in: store.integers) { try move(&$0) ? try $0.integerKey() : nil }
            }
        }
        #expect(try seek { try $0.seek(to: 11) } == 20)
        #expect(try seek { try $0.seek(to: 20) } == 20)
        #expect(try seek { try $0.seek(to: 41) } == nil)
        #expect(try seek { try $0.seek(exactly: 20) } == 20)
        #expect(try seek { try $0.seek(exactly: 21) } == nil)
        #expect(try seek { try $0.seek(atOrBefore: 21) } == 20)
        #expect(try seek { try $0.seek(atOrBefore: 20) } == 20)
        #expect(try seek { try $0.seek(atOrBefore: .max) } == 40)
        #expect(try seek { try $0.first() } == 0)
        #expect(try seek { try $0.last() } == 40)
    }

    @Test func `before the first key there is nothing`() throws {
        let store = try Store()
        try store.environment.write { try $0.put([1], at: 10, in: store.integers) }
        try store.environment.read { transaction in
            try transaction.withCursor(in: store.integers) { cursor in
                let found = try cursor.seek(atOrBefore: 9)
                #expect(!found)
            }
        }
    }

    @Test func `duplicates are walked key by key and value by value`() throws {
        let store = try Store()
        try store.environment.write { transaction in
            for key in 1...3 as ClosedRange<UInt64> {
                for value in 0..<key { try transaction.appendDuplicate(value, at: key, in: store.duplicates) }
            }
        }
        try store.environment.read { transaction in
            try transaction.withCursor(in: store.duplicates) { cursor in
                var counts: [UInt64: Int] = [:]
                while try cursor.nextKey() { counts[try cursor.integerKey()] = try cursor.duplicateCount() }
                #expect(counts == [1: 1, 2: 2, 3: 3])
                let found = try cursor.seek(to: 3, duplicate: 1)
                let first = try value(&cursor)
                let more = try cursor.nextDuplicate()
                let second = try value(&cursor)
                let end = try cursor.nextDuplicate()
                #expect(found && more && !end && first == 1 && second == 2)
                let there = try cursor.seek(exactly: 2)
                let last = try cursor.lastDuplicate()
                let greatest = try value(&cursor)
                let before = try cursor.previousDuplicate()
                let smallest = try value(&cursor)
                #expect(there && last && before && greatest == 1 && smallest == 0)
                let missing = try cursor.seek(to: 2, duplicate: 9)
                #expect(!missing)
            }
        }
    }

    @Test func `a cursor looks again after writes that move what it is on`() throws {
        let store = try filled(3)
        try store.environment.write { transaction in
            try transaction.withCursor(in: store.integers) { cursor in
                _ = try cursor.seek(exactly: 10)
                for key in 100..<2_000 as Range<UInt64> {
                    try transaction.put([UInt8](repeating: 5, count: 100), at: key, in: store.integers)
                }
                try transaction.put([42, 42], at: 10, in: store.integers)
                let value = try cursor.withIntegerEntry { key, value in (key, value.withUnsafeBytes(Array.init)) }
                #expect(value == (10, [42, 42]))
                let more = try cursor.next()
                let key = try cursor.integerKey()
                #expect(more && key == 20)
            }
        }
    }

    @Test func `a write cursor puts, appends and deletes where it is`() throws {
        let store = try filled(4)
        try store.environment.write { transaction in
            try transaction.withWriteCursor(in: store.integers) { cursor in
                var kept: [UInt64] = []
                while try cursor.position.next() {
                    let key = try cursor.position.integerKey()
                    if key % 20 == 0 { try cursor.delete() } else { kept.append(key) }
                }
                #expect(kept == [10, 30])
                try cursor.put(([1] as [UInt8]).span.bytes, at: 99, mode: .append)
                try cursor.put(([2] as [UInt8]).span.bytes, at: 15)
                let here = try cursor.position.integerKey()
                #expect(here == 15)
                var refused: [LMDBError.Code] = []
                do throws(LMDBError) { try cursor.put(([3] as [UInt8]).span.bytes, at: 50, mode: .append) } catch {
                    refused.append(error.code)
                }
                do throws(LMDBError) { try cursor.delete() } catch { refused.append(error.code) }
                #expect(refused == [.keyExists, .notFound])
            }
        }
        #expect(try steps(store) { try $0.next() } == [10, 15, 30, 99])
    }

    @Test func `a write cursor appends duplicates but deletes none`() throws {
        let store = try Store()
        try store.environment.write { transaction in
            try transaction.withWriteCursor(in: store.duplicates) { cursor in
                for value in 0..<1_000 as Range<UInt64> { try cursor.appendDuplicate(value, at: value / 300) }
                var refused: LMDBError.Code?
                do throws(LMDBError) { try cursor.delete() } catch { refused = error.code }
                #expect(refused == .incompatible)
            }
        }
        #expect(try store.environment.read { try $0.count(of: store.duplicates) } == 1_000)
        #expect(try store.environment.read { try $0.lastDuplicate(of: 2, in: store.duplicates) } == 899)
    }

    @Test func `entries of byte keys are lent with their keys`() throws {
        let store = try Store()
        try store.environment.write { try $0.put([7, 8], at: [1, 2, 3], in: store.bytes) }
        try store.environment.read { transaction in
            try transaction.withCursor(in: store.bytes) { cursor in
                _ = try cursor.first()
                let lengths = try cursor.withEntry { key, value in (key.byteCount, value.byteCount) }
                let key = try cursor.key()
                #expect(lengths == (3, 2))
                #expect(key == [1, 2, 3])
            }
        }
    }

    private func filled(_ count: UInt64) throws -> Store {
        let store = try Store()
        try store.environment.write { transaction in
            for key in 0..<count { try transaction.put([UInt8(key)], at: key * 10, in: store.integers) }
        }
        return store
    }

    private func steps(_ store: Store, _ step: (inout Cursor) throws -> Bool) throws -> [UInt64] {
        try store.environment.read { transaction in
            try transaction.withCursor(in: store.integers) { cursor in
                var keys: [UInt64] = []
                while try step(&cursor) { keys.append(try cursor.integerKey()) }
                return keys
            }
        }
    }

    private func value(_ cursor: inout Cursor) throws -> UInt64 {
        try cursor.withEntry { _, value in value.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) } }
    }
}
