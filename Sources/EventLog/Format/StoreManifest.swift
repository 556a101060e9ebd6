public import CanonicalJSON
public import Determinism

/// The contents of `store.json`: what a directory with a store says of itself.
public struct StoreManifest: Sendable, Equatable {
    /// The format that this program writes, and the newest that it reads.
    public static let currentFormat = 1
    /// The file's name in the store's directory.
    public static let fileName = "store.json"

    /// When the store was made.
    public let created: Timestamp
    /// The format of the whole directory.
    public let format: Int
    /// The store's name: 32 lower-case hexadecimal digits, drawn at random when it was made.
    public let id: String

    /// A manifest of the current format.
    public init(created: Timestamp, id: String) {
        self.created = created
        self.format = StoreManifest.currentFormat
        self.id = id
    }

    /// Reads the file's bytes; a final line feed is allowed.
    ///
    /// Only `format` is looked at in a manifest of a newer format, which throws `.newerFormat`.
    init(file bytes: [UInt8], path: String) throws(LogError) {
        let operation = "opening the store at \(path)"
        let document: JSONValue
        do {
            document = try JSONParser.parse(bytes)
        } catch {
            throw LogError(.notAStore, during: operation, "store.json is not JSON: \(error)")
        }
        guard let format = document["format"]?.int, format >= 1 else {
            throw LogError(.notAStore, during: operation, "store.json names no format")
        }
        guard format <= StoreManifest.currentFormat else {
            throw LogError(
                .newerFormat, during: operation,
                "the store has format \(format), and this program reads up to \(StoreManifest.currentFormat)")
        }
        guard let id = document["id"]?.string, Hexadecimal.bytes(id)?.count == 16,
            let created = document["created"]?.string.flatMap({ Timestamp(text: $0) })
        else { throw LogError(.notAStore, during: operation, "store.json lacks its id or time of creation") }
        self.init(created: created, id: id)
    }

    /// The file's bytes: canonical JSON and a line feed.
    var file: [UInt8] { canonicalBytes() + [UInt8(ascii: "\n")] }
}

extension StoreManifest: CanonicalEncodable {
    /// Writes `{"created":"…","format":1,"id":"…"}`.
    public func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("created", created.text)
        writer.field("format", format)
        writer.field("id", id)
        writer.endObject()
    }
}
