package import CanonicalJSON
import Deciders
package import Determinism
package import EventLog
package import Jobs
package import Projections

/// Rankings of runs, every generation; the last one of a run is in force.
package enum Rankings: Projector {
    package static let name = "rankings"
    package static let version = 1
    package static let types: [EventType] = [RankingComputed.type]

    package struct Tables: ViewTables {
        package var rankings: ViewTable<RankingKey, RankingRow>

        package init(_ make: inout TableMaker) { rankings = make.table("rankings") }
    }

    package static func apply(_ event: SharedEvent, to tables: inout Tables) throws {
        let ranking = try event.decode(RankingComputed.self)
        let key = RankingKey(run: ranking.run, generation: Int(event.revision.rawValue))
        tables.rankings[key] = RankingRow(computed: event.time, position: event.position, ranking: ranking)
    }
}

extension Rankings.Tables {
    /// The ranking in force; nil when none was computed.
    package func current(of run: RunID) throws -> RankingRow? {
        try rankings.scan(prefix: KeyPrefix(run), limit: 1, reversed: true).first?.row
    }
}

/// A ranking by its run and its number, from 0.
package struct RankingKey: ViewKey, Equatable {
    package let run: RunID
    package let generation: Int

    package init(run: RunID, generation: Int) {
        self.run = run
        self.generation = generation
    }

    package func encode(to key: inout KeyWriter) {
        key.append(run)
        key.append(generation)
    }

    package init(from key: inout KeyReader) throws(KeyError) {
        run = try key.read()
        generation = try key.read()
    }
}

/// One ranking, when and where it was recorded.
package struct RankingRow: Equatable, Sendable {
    package var computed: Timestamp
    package var position: Position
    package var ranking: RankingComputed

    package init(computed: Timestamp, position: Position, ranking: RankingComputed) {
        self.computed = computed
        self.position = position
        self.ranking = ranking
    }
}

extension RankingRow: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("computed", computed)
        writer.field("position", position)
        writer.field("ranking", ranking)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        computed = try reader.field("computed")
        position = try reader.field("position")
        ranking = try reader.field("ranking")
        try reader.endObject()
    }
}
