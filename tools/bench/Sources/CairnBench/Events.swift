import CanonicalJSON
import EventLog

/// Numbers that look random and are the same every time (SplitMix64).
struct Numbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// An id as Cairn makes them from content: 26 characters.
    mutating func id() -> String {
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
        let bytes = (0..<26).map { index in alphabet[Int(next() >> 59) & (index == 0 ? 7 : 31)] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A hash in hexadecimal digits.
    mutating func hash() -> String {
        let alphabet = Array("0123456789abcdef".utf8)
        return String(decoding: (0..<64).map { _ in alphabet[Int(next() >> 60)] }, as: UTF8.self)
    }
}

/// What a recorded call's intent looks like, cut down to a record of about 400 bytes.
struct CallStarted: CanonicalEncodable {
    static let type = EventType("llm.callStarted")

    let attempt: Int
    let job: String
    let model: String
    let request: String
    let turn: Int

    init(_ numbers: inout Numbers) {
        attempt = 1
        job = numbers.id()
        model = "small-model-\(numbers.next() % 10)"
        request = numbers.hash()
        turn = Int(numbers.next() % 5)
    }

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("adapter", "openai.chat")
        writer.field("attempt", attempt)
        writer.field("endpoint", "https://api.openai.com/v1")
        writer.field("job", job)
        writer.field("model", model)
        writer.field("provider", "openai")
        writer.field("purpose", "probe")
        writer.field("request", request)
        writer.field("turn", turn)
        writer.endObject()
    }

    func event(at microseconds: Int64, metadata: [UInt8]) -> NewEvent {
        NewEvent(
            type: Self.type, version: 1, time: .init(microseconds: microseconds), data: canonicalBytes(),
            metadata: metadata)
    }
}

/// The first moment of all stores of the bench: 2026-01-01 UTC.
let beginning: Int64 = 1_767_225_600_000_000
