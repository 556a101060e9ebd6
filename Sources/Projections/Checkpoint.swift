package import CanonicalJSON
package import EventLog

/// How far a set of tables has come; committed with their rows, so that each event counts exactly once.
package struct Checkpoint: Equatable, Sendable, CanonicalCodable {
    /// Tells these tables from earlier ones of the same projector; never used again.
    let generation: UInt32
    /// The commit of the event before `position`, to recognise another log; nil at 0.
    let lastCommit: CommitID?
    /// The first event that isn't in the tables yet: how many events of the log were considered.
    package let position: Position

    init(generation: UInt32, lastCommit: CommitID? = nil, position: Position = .first) {
        self.generation = generation
        self.lastCommit = lastCommit
        self.position = position
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("generation", generation)
        writer.optionalField("lastCommit", lastCommit)
        writer.field("position", position)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        generation = try reader.field("generation")
        lastCommit = try reader.optionalField("lastCommit")
        position = try reader.field("position")
        try reader.endObject()
    }
}

/// What is stored about one version of a projector.
struct ViewState: Equatable, Sendable, CanonicalCodable {
    /// The tables that answer queries; nil until they have caught up once.
    var active: Checkpoint?
    /// Tables being built to take over.
    var building: Checkpoint?
    /// A newer version that has taken over; these tables go when nobody else has the directory open.
    var replacedBy: Int?

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("active", active)
        writer.optionalField("building", building)
        writer.optionalField("replacedBy", replacedBy)
        writer.endObject()
    }

    init(active: Checkpoint? = nil, building: Checkpoint? = nil, replacedBy: Int? = nil) {
        self.active = active
        self.building = building
        self.replacedBy = replacedBy
    }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        active = try reader.optionalField("active")
        building = try reader.optionalField("building")
        replacedBy = try reader.optionalField("replacedBy")
        try reader.endObject()
    }

    /// The generations that it holds rows of.
    var generations: [UInt32] { [active?.generation, building?.generation].compactMap { $0 } }
}

/// What is stored about the whole directory.
struct ViewsHeader: Equatable, Sendable, CanonicalCodable {
    /// Generations whose rows are to be removed.
    var garbage: [UInt32] = []
    var nextGeneration: UInt32 = 1
    /// The store whose log these read models are of.
    var store: String?

    init(store: String?) { self.store = store }

    mutating func takeGeneration() -> UInt32 {
        defer { nextGeneration += 1 }
        return nextGeneration
    }

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("format", Self.format)
        writer.field("garbage", garbage)
        writer.field("nextGeneration", nextGeneration)
        writer.optionalField("store", store)
        writer.endObject()
    }

    init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        let format: Int = try reader.field("format")
        guard format == Self.format else {
            throw JSONError(offset: 0, path: "$.format", expected: "\(Self.format)", found: "\(format)")
        }
        garbage = try reader.field("garbage")
        nextGeneration = try reader.field("nextGeneration")
        store = try reader.optionalField("store")
        try reader.endObject()
    }

    /// The layout of `views/`; another one is thrown away and built again.
    private static let format = 1
}
