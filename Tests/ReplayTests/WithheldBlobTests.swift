import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Replay
import Testing

/// What verification says of events that are derived from blobs which can't be had.
@Suite struct WithheldBlobTests {
    private static let function = FunctionReference(name: "test.length", version: 1)
    private static let list = FunctionReference(name: "test.listed", version: 1)

    /// The bytes of the blobs that the cause names; `list` reads that of the event that its blob lists.
    private let catalogue = DerivationCatalogue([
        Derivation(function: function, eventTypes: [Summed.type]) { (input) throws(DerivationError) -> [UInt8] in
            var sum = 0
            for digest in input.cause?.blobs ?? [] { sum += try input.blob(digest).count }
            return Summed(sum: sum).canonicalBytes()
        },
        Derivation(function: list, eventTypes: [Summed.type]) { (input) throws(DerivationError) -> [UInt8] in
            var sum = 0
            for digest in input.cause?.blobs ?? [] {
                guard let position = try input.blob(digest).first else { throw .unreadable("an empty list") }
                let listed = try input.event(Position(UInt64(position)))
                for digest in (try? listed.metadata().cause?.blobs) ?? [] { sum += try input.blob(digest).count }
            }
            return Summed(sum: sum).canonicalBytes()
        },
    ])
    private let log: ScratchLog
    private let here = Blob(Array("four".utf8))
    private let other = Blob(Array("three".utf8))

    init() throws { log = try ScratchLog() }

    private func append(
        _ sum: Int, from blobs: [Digest], by function: FunctionReference = function, bringing brought: [Blob] = []
    ) async throws {
        let event = NewEvent(
            type: Summed.type, version: 1, time: .epoch, data: Summed(sum: sum).canonicalBytes(),
            metadata: EventMetadata(cause: Cause(blobs: blobs, function: function)).canonicalBytes())
        _ = try await log.log.append(
            Commit(stream: try StreamName("thing-x"), expected: .any, events: [event], blobs: brought))
    }

    private func digest(_ text: String) -> Digest { Digest(of: Array(text.utf8)) }

    @Test func whatWasErasedIsCountedApartFromWhatIsSealedAndWhatIsLost() async throws {
        try await append(4, from: [here.digest], bringing: [here])
        for name in ["erased", "sealed", "sealed", "lost"] { try await append(1, from: [digest(name)]) }
        let (erased, sealed) = (digest("erased"), digest("sealed"))
        let report = try Verifier(log: log.log, derivations: catalogue) { asked, _ in
            asked == erased ? .erased : asked == sealed ? .sealed : .missing
        }.verify()
        #expect(report.erased == 1 && report.sealed == 2 && report.verified == 2 && report.diverged == 1)
        #expect(report.divergences.map(\.position) == [Position(4)])
        let json = try JSONParser.parse(report.canonicalBytes())
        #expect(json["erased"] == 1 && json["sealed"] == 2 && json["events"] == 5, "\(json)")
        let counts = json["counts"]?[Summed.type.text]
        #expect(counts?["erased"] == 1 && counts?["sealed"] == 2 && counts?["verified"] == 2, "\(json)")
    }

    @Test func whatWouldBeLostIsWhatIsDerivedFromItNow() async throws {
        try await append(4, from: [here.digest], bringing: [here])
        try await append(9, from: [here.digest, other.digest], bringing: [other])
        try await append(5, from: [other.digest])
        // Lost already, for another reason.
        try await append(0, from: [here.digest, digest("nowhere")])
        // Takes what the event at position 0 names, and names a list alone.
        try await append(4, from: [Digest(of: [0])], by: Self.list, bringing: [Blob([0])])
        #expect(try lost([here.digest]) == 3)
        #expect(try lost([other.digest]) == 2)
        #expect(try lost([here.digest, other.digest]) == 4)
        #expect(try lost([digest("nowhere")]) == 0 && lost([]) == 0)
        #expect(try lost([here.digest], before: Position(2)) == 2)
    }

    private func lost(_ blobs: Set<Digest>, before end: Position? = nil) throws -> Int {
        let end = try end ?? Position(log.log.head().size)
        let counts = try DerivationLoss(log: log.log, derivations: catalogue).count(without: blobs, before: end) {
            try $0.metadata().cause?.blobs ?? []
        }
        #expect(counts.allSatisfy { $0.type == Summed.type && $0.events > 0 })
        return counts.reduce(0) { $0 + $1.events }
    }
}
