import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Projections

struct ItemAdded: EventPayload {
    static let type = EventType("item.added")
    static let version = 1
    let amount: Int
    let name: String

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("amount", amount)
        writer.field("name", name)
        writer.endObject()
    }

    init(amount: Int, name: String) {
        self.amount = amount
        self.name = name
    }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        amount = try reader.field("amount")
        name = try reader.field("name")
        try reader.endObject()
    }
}

struct ItemRemoved: EventPayload {
    static let type = EventType("item.removed")
    static let version = 1
    let name: String

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("name", name)
        writer.endObject()
    }

    init(name: String) { self.name = name }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        name = try reader.field("name")
        try reader.endObject()
    }
}

struct NoteWritten: EventPayload {
    static let type = EventType("note.written")
    static let version = 1

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.endObject()
    }

    init() {}

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        try reader.endObject()
    }
}

struct Total: CanonicalCodable, Sendable, Equatable {
    var count: Int
    var sum: Int

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("count", count)
        writer.field("sum", sum)
        writer.endObject()
    }

    init(count: Int = 0, sum: Int = 0) {
        self.count = count
        self.sum = sum
    }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        count = try reader.field("count")
        sum = try reader.field("sum")
        try reader.endObject()
    }
}

struct BySum: ViewKey {
    let sum: Int
    let name: String

    init(sum: Int, name: String) {
        self.sum = sum
        self.name = name
    }

    func encode(to key: inout KeyWriter) {
        key.append(sum)
        key.append(name)
    }

    init(from key: inout KeyReader) throws(KeyError) {
        sum = try key.read()
        name = try key.read()
    }
}

/// Sums by name, and an index of them that is kept in step: rows are read, changed, removed.
enum Totals: Projector {
    struct Tables: ViewTables {
        var totals: ViewTable<String, Total>
        var bySum: ViewTable<BySum, Bool>

        init(_ make: inout TableMaker) {
            totals = make.table("totals")
            bySum = make.table("bySum")
        }
    }

    static let name = "Totals"
    static let version = 1
    static let types = [ItemAdded.type, ItemRemoved.type]

    static func apply(_ event: SharedEvent, to tables: inout Tables) throws {
        if event.hasType(ItemAdded.type) {
            let added = try event.event.decode(ItemAdded.self)
            var total = tables.totals[added.name] ?? Total()
            tables.bySum[BySum(sum: total.sum, name: added.name)] = nil
            total.count += 1
            total.sum += added.amount
            tables.totals[added.name] = total
            tables.bySum[BySum(sum: total.sum, name: added.name)] = true
        } else {
            let removed = try event.event.decode(ItemRemoved.self)
            guard let total = tables.totals[removed.name] else { return }
            tables.bySum[BySum(sum: total.sum, name: removed.name)] = nil
            tables.totals[removed.name] = nil
        }
    }
}

/// The next version of `Totals`: counts alone, in a table with other rows, changed in place.
enum TotalsV2: Projector {
    struct Tables: ViewTables {
        var counts: ViewTable<String, Total>
        init(_ make: inout TableMaker) { counts = make.table("counts") }
    }

    static let name = "Totals"
    static let version = 2
    static let types = [ItemAdded.type]

    static func apply(_ event: SharedEvent, to tables: inout Tables) throws {
        let name = try event.event.decode(ItemAdded.self).name
        if tables.counts[name] == nil { tables.counts[name] = Total() }
        tables.counts[name]?.count += 1
    }
}

/// Fails at the first removal.
enum Fragile: Projector {
    struct Tables: ViewTables {
        var counts: ViewTable<String, Int>
        init(_ make: inout TableMaker) { counts = make.table("counts") }
    }

    struct Broken: Error {}

    static let name = "Fragile"
    static let version = 1
    static let types = [ItemAdded.type, ItemRemoved.type]

    static func apply(_ event: SharedEvent, to tables: inout Tables) throws {
        if event.hasType(ItemRemoved.type) { throw Broken() }
        let name = try event.event.decode(ItemAdded.self).name
        tables.counts[name] = (tables.counts[name] ?? 0) + 1
    }
}

/// Tries to scan while it folds.
enum Scanning: Projector {
    struct Tables: ViewTables {
        var counts: ViewTable<String, Int>
        init(_ make: inout TableMaker) { counts = make.table("counts") }
    }

    static let name = "Scanning"
    static let version = 1
    static let types = [ItemAdded.type]

    static func apply(_ event: SharedEvent, to tables: inout Tables) throws {
        tables.counts["rows"] = try tables.counts.count()
    }
}

/// How often each amount was added.
enum Amounts: Projector {
    struct Tables: ViewTables {
        var counts: ViewTable<Int, Int>
        init(_ make: inout TableMaker) { counts = make.table("counts") }
    }

    static let name = "Amounts"
    static let version = 1
    static let types = [ItemAdded.type]

    static func apply(_ event: SharedEvent, to tables: inout Tables) throws {
        let amount = try event.event.decode(ItemAdded.self).amount
        tables.counts[amount] = (tables.counts[amount] ?? 0) + 1
    }
}

let toys = ProjectorCatalogue([Totals.self, Amounts.self, Fragile.self])

/// A random history of adding, removing and writing notes.
func randomEvents(_ count: Int, seed: UInt64) throws -> MemoryLog {
    let log = MemoryLog()
    var generator = SeededGenerator(seed: seed)
    for index in 0..<count {
        let name = "item" + String(generator.uniform(below: 12))
        let stream = try StreamName(category: "item", id: name)
        let time = Timestamp(microseconds: Int64(index) * 1_000)
        let payload: any EventPayload =
            switch generator.uniform(below: 10) {
            case 0: ItemRemoved(name: name)
            case 1, 2: NoteWritten()
            default: ItemAdded(amount: Int(generator.uniform(below: 100)) - 30, name: name)
            }
        try log.record([payload], in: stream, at: time)
    }
    return log
}

/// The digest that `Totals` has after the events of a log, folded in memory in one go.
func digestInMemory<P: Projector>(_ log: MemoryLog, _: P.Type = Totals.self) throws -> Digest {
    let view = MemoryView(P.self)
    try view.apply(log.events)
    return try view.digest()
}
