/// The schemas that a bundle carries along.
enum EventSchemas {
    /// Every event's, by file name in order; all of them, since a schema tells what an event that isn't there would be.
    static func files() -> [(name: String, bytes: [UInt8])] {
        EventSchemaTexts.all.map { ("events/" + $0.name, Array(($0.text + "\n").utf8)) }
    }
}
