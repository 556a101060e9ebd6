public import CanonicalJSON
public import Determinism

/// The contents of `store.json`: what a directory with a store says of itself.
public struct StoreManifest: Sendable, Equatable {
    /// The format that this program writes by itself.
    public static let currentFormat = 1
    /// The format of an encrypted store, and the newest that this program reads.
    public static let encryptedFormat = 2
    /// The file's name in the store's directory.
    public static let fileName = "store.json"

    /// When the store was made.
    public let created: Timestamp
    /// The format of the whole directory.
    public let format: Int
    /// The store's name: 32 lower-case hexadecimal digits, drawn at random when it was made.
    public let id: String

    /// Whether blobs are sealed with keys.
    public var isEncrypted: Bool { format >= Self.encryptedFormat }

    /// A manifest of the current format.
    public init(created: Timestamp, id: String) {
        self.created = created
        self.format = StoreManifest.currentFormat
        self.id = id
    }

    private init(created: Timestamp, id: String, format: Int) {
        self.created = created
        self.format = format
        self.id = id
    }

    /// The same store, encrypted.
    var encrypted: StoreManifest { StoreManifest(created: created, id: id, format: Self.encryptedFormat) }

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
        guard format <= StoreManifest.encryptedFormat else {
            throw LogError(
                .newerFormat, during: operation,
                "the store has format \(format), and this program reads up to \(StoreManifest.encryptedFormat)")
        }
        guard let id = document["id"]?.string, Hexadecimal.bytes(id)?.count == 16,
            let created = document["created"]?.string.flatMap({ Timestamp(text: $0) })
        else { throw LogError(.notAStore, during: operation, "store.json lacks its id or time of creation") }
        self.init(created: created, id: id, format: format)
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
