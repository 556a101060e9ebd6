package import CanonicalJSON
package import Determinism
package import EventLog
package import Jobs

/// What a bundle says of itself: `bundle.json`.
package struct BundleIndex: Equatable, Sendable {
    /// The version of the form of bundles.
    ///
    /// 1 has streams from their beginnings on, 2 leaves events out of some, and 3 is of a run that was taken over into a
    /// fork, whichever of the two its streams are. 4 is any of these, and its manifest is signed; the proof of a sample,
    /// which has no manifest, is of one of the others.
    package enum Format: Int, Sendable, CaseIterable {
        case wholeStreams = 1
        case partsOfStreams = 2
        case fork = 3
        case signedManifest = 4

        init(hasGaps: Bool, isFork: Bool) {
            self = isFork ? .fork : hasGaps ? .partsOfStreams : .wholeStreams
        }
    }

    /// What it was made for.
    package enum Kind: String, Equatable, Sendable, CanonicalCodable {
        /// A whole run, from which every number can be derived again.
        case run
        /// One sample of a run: what was asked, answered and judged, and that it was so.
        case sample
    }

    /// A pure function that made events of the bundle.
    package struct Code: Equatable, Sendable {
        package let events: Int
        package let function: FunctionReference
    }

    /// What was laid down before anything was asked.
    package struct Commitments: Equatable, Sendable {
        /// The file that scenarios were read from; nil without one, or when the definition is gone.
        package let dataset: Digest?
        package let definition: Digest
        /// The first call of the run; nil when none is in the bundle.
        package let firstCall: Position?
        /// By judge.
        package let rubrics: [String: Digest]
        /// Where the definition was recorded.
        package let submitted: Position
    }

    package let cairn: String
    /// In order of name and version.
    package let code: [Code]
    package internal(set) var commitments: Commitments
    package let events: Int
    package let experiment: String
    /// The forks that the run was taken over into, in the order of the log; format 3 has some, 1 and 2 have none.
    package let forks: [Fork]
    package let format: Format
    package let head: TreeHead
    package let kind: Kind
    /// The store, as its checkpoints name it.
    package let origin: String
    /// The digest of each read model's rows about the run; empty for a sample.
    package let readModels: [String: Digest]
    package let run: RunID
    /// Blobs that events name and that aren't there, in order.
    package let withheld: [Digest]
}

extension BundleIndex: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("cairn", cairn)
        writer.field("code", code)
        writer.field("commitments", commitments)
        writer.field("events", events)
        writer.field("experiment", experiment)
        if !forks.isEmpty { writer.field("forks", forks) }
        writer.field("format", format.rawValue)
        writer.field("head", head.root)
        writer.field("kind", kind)
        writer.field("origin", origin)
        writer.field("readModels", readModels)
        writer.field("run", run)
        writer.field("size", head.size)
        writer.field("withheld", withheld)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        cairn = try reader.field("cairn")
        code = try reader.field("code")
        commitments = try reader.field("commitments")
        events = try reader.field("events")
        experiment = try reader.field("experiment")
        forks = try reader.optionalField("forks") ?? []
        var offset = reader.offset
        let format: Format = try reader.field("format") { (reader) throws(JSONError) in
            offset = reader.offset
            return try Format(from: &reader)
        }
        guard format == .signedManifest || (format == .fork) == !forks.isEmpty else {
            throw reader.error(
                at: offset, expected: "forks in format 3 and not in those before",
                found: "format \(format.rawValue)")
        }
        self.format = format
        let root: Digest = try reader.field("head")
        kind = try reader.field("kind")
        guard kind == .run || format != .signedManifest else {
            throw reader.error(
                at: offset, expected: "a sample of a format before 4", found: "format \(format.rawValue)")
        }
        origin = try reader.field("origin")
        readModels = try reader.field("readModels")
        run = try reader.field("run")
        head = TreeHead(size: try reader.field("size"), root: root)
        withheld = try reader.field("withheld")
        try reader.endObject()
    }
}

extension BundleIndex.Format: CanonicalDecodable {
    package init(from reader: inout CanonicalReader) throws(JSONError) {
        let offset = reader.offset
        let written: JSONValue = try reader.read()
        guard let known = written.int.flatMap(Self.init(rawValue:)) else {
            let formats = Self.allCases.map { "\($0.rawValue)" }.joined(separator: " or ")
            throw reader.error(at: offset, expected: "format \(formats)", found: Self.unknown(written))
        }
        self = known
    }

    /// What a format that isn't known may be: programs to come count on from the last one.
    private static func unknown(_ written: JSONValue) -> String {
        let text = String(decoding: written.canonicalBytes().prefix(40), as: UTF8.self)
        let last = allCases.map(\.rawValue).max() ?? 0
        let isNewer = written.int.map { $0 > last } ?? false
        return isNewer ? "\(text), of a newer program" : "\(text), which isn't a format that any Cairn has written"
    }
}

extension BundleIndex.Code: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("events", events)
        writer.field("function", function)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        events = try reader.field("events")
        function = try reader.field("function")
        try reader.endObject()
    }
}

extension BundleIndex.Commitments: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("dataset", dataset)
        writer.field("definition", definition)
        writer.optionalField("firstCall", firstCall)
        writer.field("rubrics", rubrics)
        writer.field("submitted", submitted)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        dataset = try reader.optionalField("dataset")
        definition = try reader.field("definition")
        firstCall = try reader.optionalField("firstCall")
        rubrics = try reader.field("rubrics")
        submitted = try reader.field("submitted")
        try reader.endObject()
    }
}
