package import CanonicalJSON
package import Deciders
package import Determinism
package import EventLog
package import Jobs

/// What a question is asked for.
package enum CallPurpose: String, Sendable, Equatable, CaseIterable, CanonicalCodable {
    /// A model that is examined answers a scenario.
    case probe
    /// A model judges an answer.
    case judge
}

/// A question is about to be sent; on disk before it leaves, so that a kill can't hide a payment.
package struct CallStarted: EventPayload {
    package static let type = EventType("llm.callStarted")
    package static let version = 2
    package static let upcasters = [
        Upcaster(name: "CallStartedV1ToV2", from: 1) { $0.adding("stream", false) }
    ]

    /// The adapter that writes the request and reads the answer, as in `openai.chat`.
    package let adapter: String
    /// How often the question has been sent with this time, from 1.
    package let attempt: Int
    /// The provider's base URL, as the run's definition has it.
    package let endpoint: String
    package let job: JobID
    /// The model that is asked for; which one answers is in `llm.callCompleted`.
    package let model: String
    package let provider: String
    package let purpose: CallPurpose
    /// The blob of the HTTP body, byte for byte.
    package let request: Digest
    /// What the run's budget keeps for the attempt until its cost is known; absent without a budget.
    package let reserved: Reservation?
    /// Whether the answer was asked for in pieces, as it is written.
    package let stream: Bool
    /// Which question of the job's conversation, from 0.
    package let turn: Int
    package let worker: WorkerID
    private let written: WrittenVersion

    package init(
        adapter: String, attempt: Int, endpoint: String, job: JobID, model: String, provider: String,
        purpose: CallPurpose, request: Digest, reserved: Reservation? = nil, stream: Bool = false, turn: Int,
        worker: WorkerID, version: Int = Self.version
    ) {
        self.adapter = adapter
        self.attempt = attempt
        self.endpoint = endpoint
        self.job = job
        self.model = model
        self.provider = provider
        self.purpose = purpose
        self.request = request
        self.reserved = reserved
        self.stream = stream
        self.turn = turn
        self.worker = worker
        written = WrittenVersion(version)
    }

    package var writtenVersion: Int { written.number }
    package var blobs: [Digest] { [request] }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("adapter", adapter)
        writer.field("attempt", attempt)
        writer.field("endpoint", endpoint)
        writer.field("job", job)
        writer.field("model", model)
        writer.field("provider", provider)
        writer.field("purpose", purpose)
        writer.field("request", request)
        if writtenVersion > 1 {
            writer.optionalField("reserved", reserved)
            writer.field("stream", stream)
        }
        writer.field("turn", turn)
        writer.field("worker", worker)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        adapter = try reader.text("adapter", atMost: 60)
        attempt = try reader.integer("attempt", atLeast: 1)
        endpoint = try reader.text("endpoint", atMost: 2_000)
        job = try reader.field("job")
        model = try reader.text("model", atMost: 300)
        provider = try reader.text("provider", atMost: 100)
        purpose = try reader.field("purpose")
        request = try reader.field("request")
        reserved = try reader.optionalField("reserved")
        stream = try reader.field("stream")
        turn = try reader.integer("turn", atLeast: 0)
        worker = try reader.field("worker")
        written = WrittenVersion(Self.version)
        try reader.endObject()
    }
}
