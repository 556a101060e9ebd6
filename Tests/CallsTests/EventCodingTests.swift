import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Testing

@testable import Calls

@Suite struct EventCodingTests {
    static let samples: [any EventPayload] = [
        Sample.intent().started(attempt: 1), Sample.completed(), Sample.failed(),
        CallRetryDecided(attempt: 2, delay: .seconds(1), notBefore: Sample.at(2)),
        CallOutcomeUnknown(attempt: 1, started: Position(3)), Sample.reused(),
    ]

    @Test func `every event of the family has a sample here`() {
        #expect(Self.samples.map { type(of: $0).type.text }.sorted() == CallEvent.types.map { $0.type.text }.sorted())
    }

    @Test func `their types begin alike, which is how others are told from them`() {
        #expect(CallEvent.types.allSatisfy { $0.type.text.hasPrefix("llm.") })
    }

    @Test(arguments: samples.indices)
    func `is read back from its canonical form, and not with anything more or else`(index: Int) throws {
        try check(Self.samples[index])
    }

    @Test func `a failure of the transport is read back too`() throws {
        try check(Sample.broken())
    }

    private func check<P: EventPayload>(_ sample: P) throws {
        let bytes = sample.canonicalBytes()
        #expect(try P(canonicalBytes: bytes) == sample)
        let object = try #require(try JSONParser.parse(bytes).object)
        for key in object.keys {
            var other = object
            other[key] = .null
            #expect(throws: JSONError.self) { try P(canonicalBytes: JSONValue.object(other).canonicalBytes()) }
        }
        var more = object
        more["zzz"] = 1
        #expect(throws: JSONError.self) { try P(canonicalBytes: JSONValue.object(more).canonicalBytes()) }
    }

    @Test(arguments: [
        #"{"attempt":1,"class":"timeout","detail":"x","mayBeCharged":true,"retryable":true}"#,
        #"{"attempt":0,"class":"timeout","detail":"x","mayBeCharged":true,"retryable":true,"transport":{"kind":"reset","message":"x","total":1}}"#,
        #"{"attempt":1,"class":"nonsense","detail":"x","mayBeCharged":true,"retryable":true,"transport":{"kind":"reset","message":"x","total":1}}"#,
        #"{"attempt":1,"class":"timeout","detail":"x","mayBeCharged":true,"retryable":true,"transport":{"kind":"nonsense","message":"x","total":1}}"#,
        #"{"attempt":1,"class":"timeout","detail":"x","mayBeCharged":true,"retryAfter":-1,"retryable":true,"transport":{"kind":"reset","message":"x","total":1}}"#,
    ])
    func `a failure without evidence, or with words that nobody knows, isn't one`(text: String) {
        #expect(throws: JSONError.self) { try CallFailed(canonicalBytes: Array(text.utf8)) }
    }

    @Test func `an answered question has the hash of its text, its cost and no text`() throws {
        let completed = Sample.completed()
        #expect(completed.answer == Digest(of: "Seven."))
        #expect(completed.cost == 31 * 1_000 + 3 * 2_000)
        #expect(!String(decoding: completed.canonicalBytes(), as: UTF8.self).contains("Seven"))
    }

    @Test func `a call's id is made of job, purpose, turn and round`() {
        let ids = [
            CallID(job: Sample.job, purpose: .probe, turn: 0), CallID(job: Sample.job, purpose: .judge, turn: 0),
            CallID(job: Sample.job, purpose: .probe, turn: 1),
            CallID(job: Sample.job, purpose: .probe, turn: 0, round: 1),
        ]
        #expect(Set(ids).count == 4)
    }
}
