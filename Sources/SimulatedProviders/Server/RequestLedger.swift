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
        /// Times that it was one too many for a rate limit.
        package fileprivate(set) var limited = 0
    }

    /// What happened in one second.
    package struct Second: Sendable, Equatable {
        package fileprivate(set) var received = 0
        package fileprivate(set) var answered = 0
        package fileprivate(set) var limited = 0
    }

    /// What happened to each body, by its SHA-256.
    package private(set) var entries: [Digest: Entry] = [:]
    /// The sum over all bodies.
    package private(set) var total = Entry()
    /// What happened in each second since the first request, for the first hour.
    package private(set) var seconds: [Second] = []
    /// How often each fault was met.
    package private(set) var faults: [Fault: Int] = [:]
    private var start: Microseconds?

    private static let mostSeconds = 3_600

    package init() {}

    /// Notes that a body came; answers how often it has come by now.
    package mutating func receive(_ body: Digest, at now: Microseconds = .zero) -> Int {
        if start == nil { start = now }
        let isRepeated = Self.update(&entries[body, default: Entry()])
        total.received += 1
        if isRepeated.repeated { total.repeated += 1 }
        count(\.received, at: now)
        return isRepeated.received
    }

    private static func update(_ entry: inout Entry) -> (received: Int, repeated: Bool) {
        let isRepeated = entry.answered > 0
        entry.received += 1
        if isRepeated { entry.repeated += 1 }
        return (entry.received, isRepeated)
    }

    /// Notes that a body was answered.
    package mutating func answer(_ body: Digest, at now: Microseconds = .zero) {
        entries[body, default: Entry()].answered += 1
        total.answered += 1
        count(\.answered, at: now)
    }

    /// Notes that a body was one too many.
    mutating func refuse(_ body: Digest, at now: Microseconds) {
        entries[body, default: Entry()].limited += 1
        total.limited += 1
        count(\.limited, at: now)
    }

    /// Notes a fault.
    mutating func meet(_ fault: Fault) { faults[fault, default: 0] += 1 }

    private mutating func count(_ member: WritableKeyPath<Second, Int>, at now: Microseconds) {
        let index = Int(max((now - (start ?? now)).count, 0) / 1_000_000)
        guard index < Self.mostSeconds else { return }
        while seconds.count <= index { seconds.append(Second()) }
        seconds[index][keyPath: member] += 1
    }
}

extension RequestLedger {
    /// The ledger as JSON.
    ///
    /// `{"answered":…,"bodies":{"<hex>":{"answered":…,"received":…,"repeated":…}},"faults":{…},"limited":…,
    /// "received":…,"repeated":…,"seconds":[{"answered":…,"limited":…,"received":…}]}`; a body's `limited` is there only
    /// if it isn't 0.
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
        writer.field("faults") { writer in
            writer.beginObject()
            for (fault, count) in faults.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                writer.field(dynamic: fault.rawValue, count)
            }
            writer.endObject()
        }
        writer.field("limited", total.limited)
        writer.field("received", total.received)
        writer.field("repeated", total.repeated)
        writer.field("seconds") { writer in
            writer.beginArray()
            for second in seconds { writer.element(second) }
            writer.endArray()
        }
        writer.endObject()
        return writer.bytes
    }
}

extension RequestLedger.Entry: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("answered", answered)
        if limited > 0 { writer.field("limited", limited) }
        writer.field("received", received)
        writer.field("repeated", repeated)
        writer.endObject()
    }
}

extension RequestLedger.Second: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("answered", answered)
        writer.field("limited", limited)
        writer.field("received", received)
        writer.endObject()
    }
}
