import LMDB
import TestSupport
import Testing

@Suite struct ScanTests {
    @Test func `an integer-keyed table is scanned from anywhere, both ways, until the body has enough`() throws {
        let store = try Store()
        let keys: [UInt64] = [0, 10, 20, 300, 70_000]
        try store.environment.write { transaction in
            for key in keys { try transaction.put([UInt8(key % 7)], at: key, in: store.integers) }
        }
        func scan(_ first: UInt64?, _ direction: ScanDirection, limit: Int = .max) throws -> [UInt64] {
            var found: [UInt64] = []
            try store.environment.read { transaction in
                try transaction.forEach(from: first, in: store.integers, direction) { key, value in
                    #expect(value.byteCount == 1)
                    found.append(key)
                    return found.count < limit
                }
            }
            return found
        }
        #expect(try scan(nil, .forward) == keys)
        #expect(try scan(nil, .backward) == keys.reversed())
        #expect(try scan(10, .forward) == [10, 20, 300, 70_000])
        #expect(try scan(11, .forward) == [20, 300, 70_000])
        #expect(try scan(70_001, .forward) == [])
        #expect(try scan(20, .backward) == [20, 10, 0])
        #expect(try scan(299, .backward) == [20, 10, 0])
        #expect(try scan(.max, .backward, limit: 2) == [70_000, 300])
        #expect(try scan(5, .forward, limit: 1) == [10])
    }

    @Test func `an empty table has nothing to scan`() throws {
        let store = try Store()
        try store.environment.read { transaction in
            for direction in [ScanDirection.forward, .backward] {
                try transaction.forEach(from: nil, in: store.integers, direction) { _, _ in
                    Issue.record("an entry in an empty table")
                    return true
                }
                try transaction.forEach(in: store.bytes, .all, direction) { _, _ in
                    Issue.record("an entry in an empty table")
                    return true
                }
                try transaction.forEachDuplicate(of: 1, in: store.duplicates, direction) { _ in
                    Issue.record("a duplicate of a missing key")
                    return true
                }
            }
        }
    }

    @Test func `ranges of byte keys agree with a sorted array, both ways, from a printed seed`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("ranges from seed \(seed)")
        var random = Linear(state: seed)
        let store = try Store()
        var keys: Set<[UInt8]> = [[255], [255, 255], [255, 255, 1], [0], [0, 0]]
        for _ in 0..<300 { keys.insert(random.key()) }
        try store.environment.write { transaction in
            for key in keys { try transaction.put(key, at: key, in: store.bytes) }
        }
        let sorted = keys.sorted { $0.lexicographicallyPrecedes($1) }
        var ranges: [KeyRange] = [.all, .prefix([]), .prefix([255]), .prefix([255, 255]), .from([], upTo: nil)]
        for _ in 0..<200 {
            ranges.append(.prefix(Array(random.key().prefix(2))))
            ranges.append(.from(random.key(), upTo: random.key()))
            ranges.append(.from(random.key(), upTo: nil))
            ranges.append(.from([], upTo: random.key()))
        }
        for range in ranges {
            let expected = sorted.filter { contains(range, $0) }
            #expect(try scan(store, range, .forward) == expected, "\(range)")
            #expect(try scan(store, range, .backward) == expected.reversed(), "\(range)")
        }
    }

    private func scan(_ store: Store, _ range: KeyRange, _ direction: ScanDirection) throws -> [[UInt8]] {
        var found: [[UInt8]] = []
        try store.environment.read { transaction in
            try transaction.forEach(in: store.bytes, range, direction) { key, value in
                found.append(key.withUnsafeBytes(Array.init))
                #expect(found.last == value.withUnsafeBytes(Array.init))
                return true
            }
        }
        return found
    }

    private func contains(_ range: KeyRange, _ key: [UInt8]) -> Bool {
        switch range {
        case .all: true
        case .prefix(let prefix): key.starts(with: prefix)
        case .from(let lower, let upper):
            !key.lexicographicallyPrecedes(lower) && upper.map { key.lexicographicallyPrecedes($0) } ?? true
        }
    }

    @Test(arguments: [1, 2, 3, 100, 500, 2_000] as [UInt64])
    func `duplicates are scanned from anywhere, both ways, over one page and over many`(count: UInt64) throws {
        let store = try Store()
        try store.environment.write { transaction in
            for value in 0..<count {
                for key in 5...7 as ClosedRange<UInt64> {
                    try transaction.appendDuplicate(value * 10 + key, at: key, in: store.duplicates)
                }
            }
        }
        let all = (0..<count).map { $0 * 10 + 6 }
        for first in [0, 6, 7, 16, count * 5, count * 10 - 4, count * 10] as [UInt64] {
            #expect(try duplicates(store, first, .forward) == all.filter { $0 >= first })
            #expect(try duplicates(store, first, .backward) == all.filter { $0 <= first }.reversed())
        }
        #expect(try duplicates(store, nil, .forward) == all)
        #expect(try duplicates(store, nil, .backward) == all.reversed())
        #expect(try store.environment.read { try $0.lastDuplicate(of: 6, in: store.duplicates) } == all.last)
        #expect(try store.environment.read { try $0.lastDuplicate(of: 8, in: store.duplicates) } == nil)
        #expect(try store.environment.read { try $0.count(of: store.duplicates) } == Int(count) * 3)
    }

    private func duplicates(_ store: Store, _ first: UInt64?, _ direction: ScanDirection) throws -> [UInt64] {
        var found: [UInt64] = []
        try store.environment.read { transaction in
            try transaction.forEachDuplicate(of: 6, from: first, in: store.duplicates, direction) { value in
                found.append(value)
                return true
            }
        }
        return found
    }

    @Test func `a scan of duplicates ends when the body has enough, and the same one is never added twice`() throws {
        let store = try Store()
        try store.environment.write { transaction in
            for value in 0..<1_000 as Range<UInt64> {
                try transaction.appendDuplicate(value, at: 1, in: store.duplicates)
            }
            #expect(code { try transaction.appendDuplicate(999, at: 1, in: store.duplicates) } == .keyExists)
            #expect(code { try transaction.appendDuplicate(5, at: 1, in: store.duplicates) } == .keyExists)
        }
        var seen = 0
        try store.environment.read { transaction in
            try transaction.forEachDuplicate(of: 1, in: store.duplicates) { _ in
                seen += 1
                return seen < 700
            }
        }
        #expect(seen == 700)
    }
}

/// A small generator with a seed.
private struct Linear {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }

    /// A short key of few different bytes, so that keys share prefixes.
    mutating func key() -> [UInt8] {
        (0...next(4)).map { _ in [0, 1, 2, 254, 255][next(5)] }
    }
}
