import LMDB
import TestSupport
import Testing

@Suite struct TransactionTests {
    @Test func `a body that throws leaves nothing behind`() throws {
        let store = try Store()
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try store.environment.write { transaction in
                try transaction.put([1], at: [1], in: store.bytes)
                throw Stop()
            }
        }
        #expect(try store.environment.read { try $0.count(of: store.bytes) } == 0)
    }

    @Test func `a read sees the state of its beginning, whatever is written meanwhile`() throws {
        let store = try Store()
        try store.environment.read { before in
            try store.environment.write { try $0.put([1], at: 1, in: store.integers) }
            let old = try before.contains(1, in: store.integers)
            let new = try store.environment.read { try $0.contains(1, in: store.integers) }
            #expect(!old && new)
        }
    }

    @Test func `a write sees its own changes`() throws {
        let store = try Store()
        try store.environment.write { transaction in
            try transaction.put([1, 2], at: [1], in: store.bytes)
            let length = try transaction.withValue(of: [1], in: store.bytes) { $0.byteCount }
            #expect(length == 2)
            try transaction.put([3], at: [1], in: store.bytes)
            let value = try transaction.value(of: [1], in: store.bytes)
            #expect(value == [3])
        }
    }

    @Test func `a write inside a write of the same thread is an error, not a deadlock`() throws {
        let store = try Store()
        try store.environment.write { _ in
            #expect(code { try store.environment.write { _ in } } == .nestedTransaction)
            #expect(code { try store.environment.openTable("late") } == .nestedTransaction)
            try store.environment.read { _ in }
        }
        try store.environment.read { _ in
            #expect(code { try store.environment.openTable("late") } == .nestedTransaction)
            try store.environment.write { try $0.put([1], at: 1, in: store.integers) }
        }
        #expect(try store.environment.read { try $0.count(of: store.integers) } == 1)
    }

    @Test func `insert refuses a key that is there, upsert replaces it, append refuses one that isn't the greatest`()
        throws
    {
        let store = try Store()
        try store.environment.write { transaction in
            try transaction.put([1], at: 5, in: store.integers, mode: .insert)
            #expect(code { try transaction.put([2], at: 5, in: store.integers, mode: .insert) } == .keyExists)
            try transaction.put([3], at: 5, in: store.integers)
            try transaction.put([4], at: 9, in: store.integers, mode: .append)
            #expect(code { try transaction.put([5], at: 9, in: store.integers, mode: .append) } == .keyExists)
            #expect(code { try transaction.put([5], at: 8, in: store.integers, mode: .append) } == .keyExists)
        }
        let values = try store.environment.read { transaction in
            (try transaction.value(of: 5, in: store.integers), try transaction.value(of: 9, in: store.integers))
        }
        #expect(values == ([3], [4]))
    }

    @Test func `deleting says whether there was something, and clearing leaves an empty table`() throws {
        let store = try Store()
        try store.environment.write { transaction in
            for key in 0..<10 as Range<UInt64> { try transaction.put([1], at: key, in: store.integers) }
            let there = try transaction.delete(3, in: store.integers)
            let gone = try transaction.delete(3, in: store.integers)
            #expect(there && !gone)
            let count = try transaction.count(of: store.integers)
            #expect(count == 9)
            try transaction.clear(store.integers)
        }
        #expect(try store.environment.read { try $0.count(of: store.integers) } == 0)
        #expect(try store.environment.read { try $0.lastIntegerKey(in: store.integers) } == nil)
    }

    @Test func `keys of no or too many bytes are refused, and the transaction goes on`() throws {
        let store = try Store()
        let longest = [UInt8](repeating: 1, count: 511)
        try store.environment.write { transaction in
            #expect(code { try transaction.put([1], at: [] as [UInt8], in: store.bytes) } == .badSize)
            #expect(code { try transaction.put([1], at: longest + [1], in: store.bytes) } == .badSize)
            #expect(code { try transaction.value(of: longest + [1], in: store.bytes) } == .badSize)
            #expect(code { try transaction.put([1], at: [1, 2, 3], in: store.integers) } == .badSize)
            try transaction.put([1], at: longest, in: store.bytes)
        }
        #expect(try store.environment.read { try $0.contains(longest, in: store.bytes) })
    }

    @Test func `integer keys need a table of integer keys`() throws {
        let store = try Store()
        try store.environment.write { transaction in
            #expect(code { try transaction.put([1], at: 1, in: store.bytes) } == .incompatible)
            #expect(code { try transaction.appendDuplicate(1, at: 1, in: store.integers) } == .incompatible)
            #expect(code { try transaction.put([1], at: 1, in: store.duplicates) } == .badSize)
        }
        #expect(code { try store.environment.read { try $0.contains(1, in: store.bytes) } } == .incompatible)
    }

    @Test func `a table of another environment is refused`() throws {
        let store = try Store()
        let other = try Store()
        #expect(code { try store.environment.read { try $0.count(of: other.bytes) } } == .incompatible)
        #expect(code { try store.environment.write { try $0.clear(other.bytes) } } == .incompatible)
        #expect(code { try store.environment.write { try $0.put([1], at: [1], in: other.bytes) } } == .incompatible)
        #expect(code { try store.environment.read { try $0.withCursor(in: other.bytes) { _ in } } } == .incompatible)
    }

    @Test func `nothing is written while bytes are lent`() throws {
        let store = try Store()
        try store.environment.write { transaction in
            try transaction.put([1], at: [1], in: store.bytes)
            try transaction.withValue(of: [1], in: store.bytes) { value in
                #expect(code { try transaction.put([2], at: [1], in: store.bytes) } == .valueLent)
                #expect(code { try transaction.delete([1] as [UInt8], in: store.bytes) } == .valueLent)
                #expect(code { try transaction.clear(store.bytes) } == .valueLent)
                #expect(value.byteCount == 1)
            }
            try transaction.forEach(in: store.bytes) { _, _ in
                #expect(code { try transaction.put([2], at: [2], in: store.bytes) } == .valueLent)
                return true
            }
            try transaction.reserve(2, at: ([3] as [UInt8]).span.bytes, in: store.bytes) { bytes in
                #expect(code { try transaction.put([2], at: [2], in: store.bytes) } == .valueLent)
                bytes.append(7)
            }
            try transaction.put([2], at: [2], in: store.bytes)
        }
        #expect(try store.environment.read { try $0.count(of: store.bytes) } == 3)
    }

    @Test func `reserved bytes that nobody fills are zero, also when filling fails`() throws {
        let store = try Store()
        struct Stop: Error {}
        try store.environment.write { transaction in
            try transaction.reserve(4, at: ([1] as [UInt8]).span.bytes, in: store.bytes) { bytes in
                bytes.append(1)
                bytes.append(2)
            }
            #expect(throws: Stop.self) {
                try transaction.reserve(3, at: ([2] as [UInt8]).span.bytes, in: store.bytes) { bytes in
                    bytes.append(9)
                    throw Stop()
                }
            }
        }
        #expect(try store.environment.read { try $0.value(of: [1], in: store.bytes) } == [1, 2, 0, 0])
        #expect(try store.environment.read { try $0.value(of: [2], in: store.bytes) } == [9, 0, 0])
    }

    @Test func `large values keep every byte`() throws {
        let store = try Store()
        let large = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try store.environment.write { transaction in
            try transaction.put(large, at: 1, in: store.integers)
            try transaction.put([], at: 2, in: store.integers)
        }
        #expect(try store.environment.read { try $0.value(of: 1, in: store.integers) } == large)
        #expect(try store.environment.read { try $0.value(of: 2, in: store.integers) } == [])
    }

    @Test func `keys at both ends`() throws {
        let store = try Store()
        try store.environment.write { transaction in
            for key in [7, 3, UInt64.max, 0] as [UInt64] { try transaction.put([1], at: key, in: store.integers) }
            for key in [[2, 1], [2], [1, 255]] as [[UInt8]] { try transaction.put([1], at: key, in: store.bytes) }
        }
        try store.environment.read { transaction in
            let integers = (
                try transaction.firstIntegerKey(in: store.integers), try transaction.lastIntegerKey(in: store.integers)
            )
            let bytes = (try transaction.firstKey(in: store.bytes), try transaction.lastKey(in: store.bytes))
            #expect(integers == (0, .max))
            #expect(bytes == ([1, 255], [2, 1]))
        }
    }
}
