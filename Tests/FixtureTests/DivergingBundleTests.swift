import Audit
import Cairn
import CanonicalJSON
import EventLog
import Experiments
import Jobs
import TestSupport
import Testing

/// Bundles and samples of which every hash is right, and a result isn't what it was derived from.
@Suite struct DivergingBundleTests {
    @Test func aResultThatDoesNotComeOutAgainIsCounted() async throws {
        let source = try await Self.withAnotherScore()
        let run = try #require(try Queries(source.store).runIDs(Queries.Selection()).first)
        let made = try await MadeBundle(run, of: source.store)
        let verdict = try await BundleCheck.run(made.file, trusting: [made.key.key])
        // The ranking is made of the scores.
        #expect(!verdict.isWhole && verdict.diverged == 2, "\(verdict.problems)")
        let others = verdict.verified - verdict.diverged
        #expect(verdict.text.hasSuffix("\n\(others) derived events came out again, 2 didn't\n"), "\(verdict.text)")
    }

    @Test func oneOfASampleIsCountedToo() async throws {
        let source = try await Self.withAnotherScore()
        let log = source.store.log
        let queries = try Queries(source.store)
        let run = try #require(try queries.runIDs(Queries.Selection()).first)
        let definition = try #require(try ForkService(parent: source.store).definitions(of: [run]).first)
        let key = try await StoreSigningKey.make(for: log) { _ in }
        let directory = try TemporaryDirectory("diverging-sample")
        let file = directory.path("sample.zip")
        var diverged: [Int] = []
        for model in definition.models {
            for scenario in definition.scenarios {
                _ = try await SampleProver(source.store, run: run).write(
                    .init(model: model.id, scenario: scenario.id, sample: 1), to: file,
                    signing: { try BundleSigner(key, of: log) })
                let verdict = try await BundleCheck.run(file, trusting: [key.key])
                #expect(verdict.isWhole == (verdict.diverged == 0) && verdict.verified > 1, "\(verdict.problems)")
                diverged.append(verdict.diverged)
            }
        }
        #expect(diverged.reduce(0, +) == 1, "\(diverged)")
    }

    /// A recorded store, but for one score, which isn't what the judge said.
    private static func withAnotherScore() async throws -> ImportedStore {
        let source = try await Fixture(name: "clean-run").imported()
        let copy = try ImportedStore()
        var isChanged = false
        var commits: [Commit] = []
        var pending: [NewEvent] = []
        var blobs: [Blob] = []
        try source.store.log.scan(from: .first, matching: .all) { event in
            var data = event.dataBytes
            if !isChanged, event.type.text == "score.computed" {
                let value = try JSONParser.parse(data)
                let total = try #require(value["total"]?.double)
                let text = String(decoding: data, as: UTF8.self)
                let written = String(decoding: JSONValue.number(total).canonicalBytes(), as: UTF8.self)
                data = Array(text.replacing("\"total\":\(written)", with: "\"total\":0.123").utf8)
                isChanged = true
            }
            pending.append(
                NewEvent(
                    type: event.type, version: event.version, time: event.time, data: data,
                    metadata: event.metadataBytes))
            let named = try Catalogues.events.blobs(namedBy: event)
            blobs += try named.compactMap { try source.store.log.blob($0).map { Blob($0) } }
            guard event.indexInCommit == event.commitCount - 1 else { return }
            commits.append(Commit(stream: event.stream, expected: .any, events: pending, blobs: blobs))
            (pending, blobs) = ([], [])
        }
        for commit in commits { _ = try await copy.store.log.append(commit) }
        try #require(isChanged)
        return copy
    }
}
