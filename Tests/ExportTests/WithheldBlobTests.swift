import Audit
import Calls
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Foundation
import Jobs
import TestSupport
import Testing

@testable import Cairn

/// Content that can't be had is called by the same word, whoever asks.
@Suite struct WithheldBlobTests {
    @Test(arguments: [BlobState.erased, .sealed, .missing])
    func everyViewHasTheSameWord(state: BlobState) async throws {
        let bereft = try await BereftStore(state)
        let states = BlobStates(of: bereft.store.log)
        var found: Set<BlobState> = []
        try bereft.store.log.scan { event in
            for digest in try Catalogues.events.blobs(namedBy: event) {
                found.insert(try states.state(of: digest, namedAt: event.position))
            }
        }
        #expect(found.subtracting([.present]) == [state])

        let turns = try Queries(bereft.store).transcripts(Queries.Selection())
        let gone = turns.filter { $0.request == nil }
        #expect(!gone.isEmpty)
        for turn in gone {
            #expect(turn.withheld.request?.state == state)
            #expect((turn.withheld.request?.note != nil) == (state == .erased))
            let object = try JSONParser.parse(turn.canonicalBytes())
            #expect(object[state.rawValue]?["request"]?["blob"]?.string == turn.row.request.hex, "\(object)")
        }

        let table = try ExportTables.named(["turns"])[0]
        let place = try #require(table.columns.firstIndex { $0.name == "texts" })
        var words: [TableValue] = []
        try ExportTables.withSource(of: [table], in: bereft.store) { source in
            try table.forEachRow(of: source) { words.append($0[place]) }
        }
        #expect(words.count { $0 == .text(state.rawValue) } == gone.count, "\(words)")
        #expect(words.count { $0 == .text("present") } == turns.count - gone.count)
    }

    @Test(arguments: [BlobState.erased, .sealed, .missing])
    func aLineSaysWhyItHasNoBytesAndIsReadAgain(state: BlobState) async throws {
        let bereft = try await BereftStore(state)
        let states = BlobStates(of: bereft.store.log)
        var export = EventExport(
            try LinesWithBlobs(
                log: bereft.store.log, catalogue: Catalogues.events, placement: .inline,
                absence: { try states.absence(of: $0, namedAt: $1) }), of: bereft.store.log)
        var lines: [UInt8] = []
        try export.write(into: { lines += $0 })
        let blobs = try lines.split(separator: UInt8(ascii: "\n")).flatMap { try JSONLines.read(Array($0)).blobs ?? [] }
        #expect(blobs.contains { $0.state == state })
        #expect(blobs.allSatisfy { $0.state == ($0.bytes == nil ? state : .present) })
        #expect(String(decoding: lines, as: UTF8.self).contains("{\"\(state.rawValue)\":true}"))
    }

    @Test(arguments: [
        #"{"present":true}"#, #"{"erased":false}"#, #"{"erased":true,"missing":true}"#, "{}", #"{"text":1}"#,
    ])
    func aLineWithAnotherReasonIsRefused(blob: String) async throws {
        let recorded = try await RecordedStore("clean-run")
        let event = try #require(try recorded.log.event(at: .first))
        let line = JSONLines.line(event, blobs: [.init(digest: Digest(of: "a"), bytes: nil)])
        let text = String(decoding: line.dropLast(), as: UTF8.self)
        #expect(try JSONLines.read(Array(text.utf8)).blobs?.first?.state == .missing)
        let other = text.replacing(#"{"missing":true}"#, with: blob, maxReplacements: 1)
        #expect(throws: JSONError.self) { try JSONLines.read(Array(other.utf8)) }
    }

    @Test(arguments: [BlobState.erased, .sealed, .missing])
    func aRunWhoseDefinitionCannotBeHadIsRefusedWithTheReason(state: BlobState) async throws {
        let bereft = try await BereftStore(state)
        let queries = try Queries(bereft.store)
        let run = try #require(try queries.runIDs(Queries.Selection()).first)
        let head = try bereft.store.log.head()
        let error = #expect(throws: WithheldContent.self) { _ = try InspectExport(queries, run: run, head: head) }
        #expect(error?.blob.state == state)
        #expect(
            error?.description.hasPrefix("the definition of the run \(run) ") == true, "\(String(describing: error))")
        switch state {
        case .erased: #expect(error?.description.contains("withdrew consent") == true)
        case .sealed: #expect(error?.remedy == "put the store's keys/ back into its directory")
        case .missing, .present: #expect(error?.remedy?.contains("backup") == true)
        }
    }

    @Test func whatStandsForAnAnswerSaysWhy() {
        let digest = Digest(of: "an answer")
        #expect(AskedTurn.absent(.erased, digest) == "[erased, SHA-256 \(digest.hex)]")
        #expect(AskedTurn.absent(.sealed, digest) == "[sealed, SHA-256 \(digest.hex)]")
        #expect(AskedTurn.absent(.missing, digest) == "[missing, SHA-256 \(digest.hex)]")
        #expect(AskedTurn.absent(.present, digest) == "[unreadable, SHA-256 \(digest.hex)]")
    }

    @Test func anErasureThatComesLaterIsKnownLater() async throws {
        let bereft = try await BereftStore(.missing)
        let log = bereft.store.log
        let states = BlobStates(of: log)
        let event = try #require(
            try log.read(.forward, matching: EventFilter(types: [EventType("run.submitted")]), limit: 1).events.first)
        let digest = try #require(try Catalogues.events.blobs(namedBy: event).first)
        #expect(try states.absence(of: digest, namedAt: event.position) == .missing)
        let erased = BlobsErased(
            [digest], before: Position(try log.head().size), by: "ada", reason: .redaction, note: "by mistake")
        _ = try await log.append(
            Commit(
                stream: try StreamName("retention-blobs"), expected: .any,
                events: [
                    NewEvent(
                        type: BlobsErased.type, version: erased.writtenVersion, time: .epoch,
                        data: erased.canonicalBytes())
                ]))
        let withheld = try states.withheld(digest, namedAt: event.position)
        #expect(withheld.state == .erased && withheld.note?.by == "ada")
        #expect(try states.absence(of: digest, namedAt: Position(try log.head().size)) == .missing)
    }
}

/// A store in which some content, or all of it, can't be had.
private final class BereftStore: Sendable {
    let store: Store
    private let directory: TemporaryDirectory

    init(_ state: BlobState) async throws {
        directory = try TemporaryDirectory("withheld")
        let path = directory.path("store")
        let recorded = try await RecordedStore(state == .erased ? "redaction" : "clean-run")
        var lines: [UInt8] = []
        try Exporter(
            log: recorded.log, catalogue: Catalogues.events, blobs: state == .missing ? .omitted : .inline
        ).export(to: { lines += $0 })
        try Data(lines).write(to: URL(fileURLWithPath: directory.path("events.jsonl")))
        let filled = try Store.open(at: path, .create)
        _ = try await Importer(log: filled.log).run(directory.path("events.jsonl"))
        filled.close()
        if state == .sealed {
            _ = try await StoreEncryption.encrypt(path, by: .user("ada"), reason: nil)
            try FileManager.default.removeItem(atPath: path + "/keys")
        }
        store = try Store.open(at: path)
    }

    deinit { store.close() }
}
