import Cairn
import CanonicalJSON
import Deciders
import EventLog
import Foundation
import HTTPTransport
import Providers
import Testing

/// What the program reads as an event and what `schemas/events` says are the same.
@Suite("Event schemas")
struct EventSchemaTests {
    private static func name(_ payload: any EventPayload.Type) -> String { name(payload, version: payload.version) }

    private static func name(_ payload: any EventPayload.Type, version: Int) -> String {
        "\(payload.type).v\(version).json"
    }

    private static let payloads: [any EventPayload.Type] = Catalogues.events.types.compactMap { Catalogues.events[$0] }

    private static func schema(_ name: String) throws -> JSONValue {
        let file = SchemaJudge.schemas.appendingPathComponent("events/\(name)")
        return try JSONParser.parse([UInt8](Data(contentsOf: file)))
    }

    @Test("every version of every type has a schema, and every schema a type")
    func bothWays() throws {
        let directory = SchemaJudge.schemas.appendingPathComponent("events").path
        let files = try FileManager.default.contentsOfDirectory(atPath: directory)
        let names = Self.payloads.flatMap { payload in
            (1...payload.version).map { Self.name(payload, version: $0) }
        }
        #expect(files.sorted() == names.sorted())
    }

    @Test("every type has samples, and every sample a type")
    func samples() {
        #expect(EventSamples.all.map(\.type).sorted() == Self.payloads.map { "\($0.type)" }.sorted())
    }

    @Test("every schema says which draft it is, what it is called, and that nothing else may be there")
    func heads() throws {
        let names = Self.payloads.flatMap { payload in
            (1...payload.version).map { Self.name(payload, version: $0) }
        }
        for name in names {
            let schema = try #require(try Self.schema(name).object)
            #expect(schema["$schema"]?.string == "https://json-schema.org/draft/2020-12/schema", "\(name)")
            #expect(schema["$id"]?.string == "https://cairn.dev/schemas/events/\(name)", "\(name)")
            #expect(schema["type"]?.string == "object", "\(name)")
            #expect(schema["title"]?.string?.isEmpty == false, "\(name)")
            try Self.checkFields(of: schema, in: name)
        }
    }

    /// Every object with named fields is closed, and every field says what it means.
    private static func checkFields(of schema: JSONObject, in place: String) throws {
        if let items = schema["items"]?.object { try checkFields(of: items, in: place + "[]") }
        guard let properties = schema["properties"]?.object else { return }
        #expect(schema["additionalProperties"] == false, "\(place)")
        for (key, value) in properties {
            let property = try #require(value.object, "\(place).\(key)")
            #expect(property["description"]?.string?.isEmpty == false, "\(place).\(key) has no description")
            try checkFields(of: property, in: "\(place).\(key)")
        }
    }

    @Test("every optional field has a sample with it and one without it")
    func coverage() throws {
        for (type, samples) in EventSamples.all {
            let name = try EventType(validating: type)
            let payload = try #require(Catalogues.events[name])
            let schema = try #require(try Self.schema(Self.name(payload)).object)
            let documents = try samples.map { sample in try #require(try JSONParser.parse(Array(sample.utf8)).object) }
            let required = Set((schema["required"]?.array ?? []).compactMap { $0.string })
            for (key, _) in try #require(schema["properties"]?.object) where !required.contains(key) {
                #expect(documents.contains { $0[key] != nil }, "\(type).\(key) is in no sample")
                #expect(documents.contains { $0[key] == nil }, "\(type).\(key) is in every sample")
            }
        }
    }

    /// The words of every enumeration, in the program and in the schemas.
    private static func vocabulary() throws -> [String] {
        var words = FinishReason.allCases.map(\.rawValue) + ProviderErrorClass.allCases.map(\.rawValue)
        words += TransportError.Kind.allCases.map(\.rawValue)
        for payload in payloads { words += enumerated(try schema(name(payload))) }
        return Set(words).sorted()
    }

    private static func enumerated(_ schema: JSONValue) -> [String] {
        guard let object = schema.object else { return [] }
        return object.flatMap { key, value in
            key == "enum" ? (value.array ?? []).compactMap(\.string) : enumerated(value)
        }
    }

    @Test(
        "program and schema accept every sample, and of all changes to them the same",
        .enabled(if: SchemaJudge.python != nil, SchemaJudge.remedy))
    func agreement() throws {
        let mutations = Mutations(words: try Self.vocabulary())
        var cases: [SchemaJudge.Case] = []
        var accepted: [Bool] = []
        for (type, samples) in EventSamples.all {
            let name = try EventType(validating: type)
            let payload = try #require(Catalogues.events[name])
            for sample in samples {
                let document = try JSONParser.parse(Array(sample.utf8))
                #expect(document.canonicalBytes() == Array(sample.utf8), "\(type): the sample isn't canonical")
                #expect(Self.accepts(document, payload), "\(type) refuses its sample \(sample)")
                for variant in [document] + mutations.of(document) {
                    cases.append(.init(schema: "events/\(Self.name(payload))", document: variant))
                    accepted.append(Self.accepts(variant, payload))
                }
            }
        }
        #expect(cases.count > 10_000)
        #expect(accepted.count(where: { $0 }) > 500)
        for (index, verdict) in try SchemaJudge.verdicts(on: cases).enumerated() where verdict != accepted[index] {
            let text = String(decoding: cases[index].document.canonicalBytes(), as: UTF8.self)
            Issue.record(
                "\(cases[index].schema): the program \(accepted[index] ? "accepts" : "refuses") and the schema doesn't: \(text.prefix(600))"
            )
        }
    }

    @Test(
        "what is written as an older version is what that version's schema says",
        .enabled(if: SchemaJudge.python != nil, SchemaJudge.remedy))
    func olderVersions() throws {
        var cases: [SchemaJudge.Case] = []
        for (type, samples) in EventSamples.all {
            let payload = try #require(Catalogues.events[try EventType(validating: type)])
            for sample in samples {
                let version = try payload.init(canonicalBytes: Array(sample.utf8)).writtenVersion
                guard version < payload.version else { continue }
                cases.append(
                    .init(
                        schema: "events/\(Self.name(payload, version: version))",
                        document: try JSONParser.parse(Array(sample.utf8))))
            }
        }
        let judged = Set(cases.map(\.schema))
        for type in ["job.submitted", "job.skipped", "worker.started"] {
            #expect(judged.contains("events/\(type).v1.json"))
        }
        #expect(try SchemaJudge.verdicts(on: cases) == cases.map { _ in true })
    }

    @Test(
        "fields that contradict each other are refused by both",
        .enabled(if: SchemaJudge.python != nil, SchemaJudge.remedy))
    func contradictions() throws {
        var cases: [SchemaJudge.Case] = []
        for (type, data) in EventSamples.contradictions {
            let name = try EventType(validating: type)
            let payload = try #require(Catalogues.events[name])
            let document = try JSONParser.parse(Array(data.utf8))
            #expect(!Self.accepts(document, payload), "the program accepts \(data)")
            cases.append(.init(schema: "events/\(Self.name(payload))", document: document))
        }
        #expect(try SchemaJudge.verdicts(on: cases) == cases.map { _ in false })
    }

    private static func accepts(_ document: JSONValue, _ payload: any EventPayload.Type) -> Bool {
        (try? payload.init(canonicalBytes: document.canonicalBytes())) != nil
    }
}
