import Cairn
import CanonicalJSON
import Determinism
import EventLog
import Foundation
import Jobs
import TestSupport
import Testing

/// Bundles of recorded stores: made, checked, played back and taken in again.
@Suite struct BundleTests {
    /// A bundle of a run in a directory of its own.
    private struct Made {
        let directory: TemporaryDirectory
        let source: ImportedStore
        let written: BundleWriter.Written
        let key: VerifierKey
        var file: String { directory.path("run.cairn.zip") }

        /// The events of the bundle, as its lines have them.
        func lines() throws -> [JSONValue] {
            let unpacked = try ChildProcess.run("/usr/bin/python3", ["-c", Self.reader, file])
            try #require(unpacked.status == 0, "\(unpacked.errorText)")
            return try unpacked.output.split(separator: UInt8(ascii: "\n")).map { try JSONParser.parse(Array($0)) }
        }

        func file(_ name: String) throws -> String {
            let script = "import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))"
            return try ChildProcess.run("/usr/bin/python3", ["-c", script, file, name]).text
        }

        private static let reader = """
            import sys, zipfile
            archive = zipfile.ZipFile(sys.argv[1])
            for name in sorted(n for n in archive.namelist() if n.startswith("events/")):
                sys.stdout.buffer.write(archive.read(name))
            """
    }

    private static func bundle(_ run: RunID, of source: ImportedStore) async throws -> Made {
        let directory = try TemporaryDirectory("bundle")
        let log = source.store.log
        var known = try StoreSigningKey.read(of: log)
        if known == nil { known = try await StoreSigningKey.make(for: log) { _ in } }
        let key = try #require(known)
        let written = try await BundleWriter(source.store, run: run).write(
            to: directory.path("run.cairn.zip"), signing: { try BundleSigner(key, of: log) })
        return Made(directory: directory, source: source, written: written, key: key.key)
    }

    private static func runs(of store: Store) throws -> [RunID] { try Queries(store).runIDs(Queries.Selection()) }

    /// Fixtures whose stores have runs.
    static let withRuns = Fixture.all.filter { $0.name != "queue-flow" }

    @Test(arguments: withRuns) func aBundleIsWholeAndComesOutAgain(fixture: Fixture) async throws {
        let source = try await fixture.imported()
        for run in try Self.runs(of: source.store) {
            let made = try await Self.bundle(run, of: source)
            let verdict = try await BundleCheck.run(made.file, trusting: [made.key])
            #expect(verdict.verdict == "signed" && verdict.isManifestSigned == true, "\(verdict.problems)")
            #expect(verdict.elsewhere == made.written.index.head.size - UInt64(made.written.index.events))
            let replayed = try await BundleCheck.run(made.file, trusting: [made.key], replaying: true)
            #expect(replayed.isWhole && (replayed.compared ?? 0) > 10, "\(replayed.problems)")
            try await Self.takeIn(made, run)
        }
    }

    /// The copy has the events at their places, answers as the original does, and is derived again.
    private static func takeIn(_ made: Made, _ run: RunID) async throws {
        let path = made.directory.path("copy")
        let report = try await BundleRestore.run(made.file, into: path)
        let index = made.written.index
        #expect(report.events == index.events && report.head.size == index.head.size)
        #expect(report.isOriginal == (report.elsewhere == 0))
        let copy = try Store.open(at: path)
        defer { copy.close() }
        var found = 0
        try copy.log.scan { event in
            if event.type.text == "log.withheld" { return }
            found += 1
            let original = try made.source.store.log.event(at: event.position)
            #expect(original?.record == event.record, "position \(event.position)")
        }
        #expect(found == index.events)
        #expect(try answers(copy, run) == answers(made.source.store, run))
    }

    /// Rankings and usage of a run, as a program is told them.
    private static func answers(_ store: Store, _ run: RunID) throws -> [[UInt8]] {
        let selection = Queries.Selection(run: run.rawValue)
        let queries = try Queries(store)
        return try queries.rankings(selection).map { $0.canonicalBytes() }
            + queries.usage(selection).map { $0.canonicalBytes() }
    }

    @Test func whatWasErasedIsCountedAsWithheldAndAsUnderivable() async throws {
        let source = try await Fixture(name: "redaction").imported()
        let runs = try Self.runs(of: source.store)
        let made = try await Self.bundle(try #require(runs.first), of: source)
        let verdict = try await BundleCheck.run(made.file, trusting: [made.key])
        let withheld = made.written.index.withheld.count
        #expect(withheld > 0 && verdict.underivable > 0)
        #expect(verdict.text.contains("withheld: \(withheld) blobs that events name\n"), "\(verdict.text)")
        #expect(verdict.text.contains("withheld: \(verdict.elsewhere) other events of the log"), "\(verdict.text)")
        let answer = try JSONParser.parse(verdict.canonicalBytes())
        #expect(answer["withheld"]?.array?.count == withheld && answer["elsewhere"]?.int == Int(verdict.elsewhere))
    }

    @Test func aBundleTellsNothingOfWhoTookOutOtherThings() async throws {
        let source = try await Fixture(name: "redaction").imported()
        let made = try await Self.bundle(try #require(try Self.runs(of: source.store).first), of: source)
        #expect(made.written.index.format == .signedManifest)
        let lines = try made.lines()
        let ofTrail = lines.filter { $0["stream"]?.string == "access-trail" }
        // The export that stands before it in the stream isn't there; the redaction that took texts of this run is.
        #expect(!ofTrail.contains { $0["type"] == "access.exported" }, "\(ofTrail)")
        #expect(ofTrail.contains { $0["type"] == "access.redacted" })
        #expect(lines.allSatisfy { $0["data"]?["reason"] != "for a reviewer" })
        let path = made.directory.path("copy")
        _ = try await BundleRestore.run(made.file, into: path)
        let copy = try Store.open(at: path)
        defer { copy.close() }
        let stream = try copy.log.readStream(try StreamName("access-trail"))
        #expect(stream.first?.type.text == "log.withheld" && stream.first?.revision == .first)
        let original = try source.store.log.readStream(try StreamName("access-trail"))
        for event in stream where event.type.text != "log.withheld" {
            #expect(original[Int(event.revision.rawValue)].record == event.record)
        }
        #expect(try AccessTrail.entries(of: copy.log).allSatisfy { $0.event.reason != "for a reviewer" })
        #expect(try AccessTrail.entries(of: copy.log).contains { $0.event.reason == "withdrew consent" })
        let turns = try Queries(copy).transcripts(Queries.Selection())
        #expect(turns.contains { $0.withheld.answer?.note?.why == "withdrew consent" })
    }

    /// Streams with gaps don't matter to the program that comes with a bundle.
    @Test func theProgramInABundleChecksItWithoutCairn() async throws {
        let source = try await Fixture(name: "redaction").imported()
        for run in try Self.runs(of: source.store) {
            let made = try await Self.bundle(run, of: source)
            let unpacked = made.directory.path("unpacked")
            let python = "/usr/bin/python3"
            try #require(try ChildProcess.run(python, ["-m", "zipfile", "-e", made.file, unpacked]).status == 0)
            let result = try ChildProcess.run(python, [unpacked + "/verify.py", unpacked, "--key", made.key.text])
            #expect(result.status == 0 && result.text.hasPrefix("whole: "), "\(result.text) \(result.errorText)")
        }
    }

    @Test func theBundleOfARunThatReusedAnswersHasTheirCalls() async throws {
        let source = try await Fixture(name: "budget-stream-reuse").imported()
        let runs = try Self.runs(of: source.store)
        try #require(runs.count == 2)
        var foreign: [RunID: Int] = [:]
        for run in runs {
            let made = try await Self.bundle(run, of: source)
            #expect(made.written.index.format == .signedManifest)
            foreign[run] = try made.lines().count { line in
                line["type"] == "llm.callCompleted" && line["metadata"]?["run"]?.string != run.rawValue
            }
        }
        // One was asked first, the other was given its answers.
        #expect(foreign.values.filter { $0 == 0 }.count == 1 && foreign.values.contains { $0 > 0 }, "\(foreign)")
    }

    /// Nobody may take an answer that was there before for one that was asked for under what the run laid down.
    @Test func whereReusedAnswersStandToWhatWasLaidDownIsSaid() async throws {
        let source = try await Fixture(name: "budget-stream-reuse").imported()
        let runs = try Self.runs(of: source.store)
        let made = try await Self.bundle(runs[1], of: source)
        let verdict = try await BundleCheck.run(made.file)
        let reused = try #require(verdict.reused.first)
        #expect(verdict.reused.count == 1 && reused.run == runs[0].rawValue)
        #expect(reused.answers == 16 && reused.before == 16 && reused.first == Position(15))
        let submitted = made.written.index.commitments.submitted
        #expect(verdict.text.contains("laid down at position \(submitted), without a call of its own: definition "))
        #expect(
            verdict.text.contains("16 answers reused from the run \(runs[0]), asked for at positions 15 to 66, before"))
        let answer = try JSONParser.parse(verdict.canonicalBytes())
        #expect(answer["reused"]?.array?.first?["before"] == 16)
        let readme = try made.file("README.md")
        #expect(readme.contains("## What was laid down\n") && readme.contains("- 16 answers reused from"), "\(readme)")
        let asking = try await Self.bundle(runs[0], of: source)
        let first = try await BundleCheck.run(asking.file)
        #expect(first.reused.isEmpty && first.text.contains("before the first call at position 15"), "\(first.text)")
    }

    @Test func whatFailsIsNotRecordedAndLeavesNothing() async throws {
        let source = try await Fixture(name: "clean-run").imported()
        let run = try #require(try Self.runs(of: source.store).first)
        let directory = try TemporaryDirectory("bundle")
        let log = source.store.log
        let key = try await StoreSigningKey.make(for: log) { _ in }
        var (asked, recorded) = (0, 0)
        await #expect(throws: LogError.self) {
            _ = try await BundleWriter(source.store, run: run).write(
                to: directory.path("run.cairn.zip"), size: 5,
                signing: {
                    asked += 1
                    return try BundleSigner(key, of: log)
                }, recording: { _ in recorded += 1 })
        }
        let unknown = SampleProver.Choice(model: "nobody", scenario: "nowhere", sample: 1)
        await #expect(throws: BundleError.self) {
            _ = try await SampleProver(source.store, run: run).write(
                unknown, to: directory.path("sample.cairn.zip"),
                signing: {
                    asked += 1
                    return try BundleSigner(key, of: log)
                }, recording: { _ in recorded += 1 })
        }
        #expect(recorded == 0 && asked == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
    }

    @Test func aBundleThatCannotBeRecordedDoesNotLeave() async throws {
        struct Refused: Error {}
        let source = try await Fixture(name: "clean-run").imported()
        let run = try #require(try Self.runs(of: source.store).first)
        let directory = try TemporaryDirectory("bundle")
        let log = source.store.log
        let key = try await StoreSigningKey.make(for: log) { _ in }
        await #expect(throws: Refused.self) {
            _ = try await BundleWriter(source.store, run: run).write(
                to: directory.path("run.cairn.zip"), signing: { try BundleSigner(key, of: log) },
                recording: { _ in throw Refused() })
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
    }

    /// Another record under the signature: the events and the proof don't lead to the head.
    @Test func aHeadThatTheRecordsDoNotLeadToIsNotHandedOut() async throws {
        let source = try await Fixture(name: "clean-run").imported()
        let run = try #require(try Self.runs(of: source.store).first)
        let directory = try TemporaryDirectory("bundle")
        let log = source.store.log
        let key = try await StoreSigningKey.make(for: log) { _ in }
        let error = await #expect(throws: LogError.self) {
            _ = try await BundleWriter(source.store, run: run).write(
                to: directory.path("run.cairn.zip"),
                signing: {
                    BundleSigner(keys: [key.key], signer: key.signer) { size in
                        try SignedCheckpoint(
                            origin: SignedCheckpoint.origin(ofStore: log.manifest.id),
                            head: TreeHead(size: size, root: Digest(of: [1])), signedBy: key.signer, at: nil)
                    }
                })
        }
        #expect(error.map { "\($0)".contains("the records don't lead to it any more") } == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
    }
}
