package import CanonicalJSON
package import Determinism

/// How often each body came and was answered: by this a test proves that nothing answered was paid for again.
package struct RequestLedger: Sendable, Equatable {
    /// What happened to one body.
    package struct Entry: Sendable, Equatable {
        package fileprivate(set) var received = 0
        /// Times that a complete answer with status 200 was handed over to the connection.
        ///
        /// The client may be gone by then: a client that is killed while requests are in flight may repeat those.
        package fileprivate(set) var answered = 0
        /// Times that it came although it had been answered.
        package fileprivate(set) var repeated = 0
    }

    /// What happened to each body, by its SHA-256.
    package private(set) var entries: [Digest: Entry] = [:]
    /// The sum over all bodies.
    package private(set) var total = Entry()

    package init() {}

    /// Notes that a body came; answers how often it has come by now.
    package mutating func receive(_ body: Digest) -> Int {
        let isRepeated = entries[body, default: Entry()].answered > 0
        entries[body, default: Entry()].received += 1
        total.received += 1
        if isRepeated {
            entries[body, default: Entry()].repeated += 1
            total.repeated += 1
        }
        return entries[body, default: Entry()].received
    }

    /// Notes that a body was answered.
    package mutating func answer(_ body: Digest) {
        entries[body, default: Entry()].answered += 1
        total.answered += 1
    }
}

extension RequestLedger {
    /// The ledger as JSON.
    ///
    /// `{"answered":…,"bodies":{"<hex>":{"answered":…,"received":…,"repeated":…}},"received":…,"repeated":…}`
    var json: [UInt8] {
        var writer = CanonicalWriter(reservingCapacity: 256 + 128 * entries.count)
        writer.beginObject()
        writer.field("answered", total.answered)
        writer.field("bodies") { writer in
            writer.beginObject()
            for (digest, entry) in entries.sorted(by: { $0.key < $1.key }) {
                writer.field(dynamic: digest.hex, entry)
            }
            writer.endObject()
        }
        writer.field("received", total.received)
        writer.field("repeated", total.repeated)
        writer.endObject()
        return writer.bytes
    }
}

extension RequestLedger.Entry: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("answered", answered)
        writer.field("received", received)
        writer.field("repeated", repeated)
        writer.endObject()
    }
}
