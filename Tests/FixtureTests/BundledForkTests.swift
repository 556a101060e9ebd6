import Audit
import Cairn
import Calls
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Replay
import TestSupport
import Testing

/// Bundles of runs that a fork took over: they say so, and the copy is executed as the fork is.
@Suite struct BundledForkTests {
    @Test func theBundleOfAForkNamesItsParentAndVouchesForNothingBefore() async throws {
        let forked = try await ForkedStore("upcast-event", .weight(criterion: "imagery", judge: nil, value: 5))
        let made = try await MadeBundle(forked.runs[0], of: forked.store)
        let index = made.written.index
        let fork = try #require(index.forks.first)
        let head = try forked.parent.store.log.head()
        #expect(index.format == .signedManifest && index.forks.count == 1)
        #expect(fork.parent == forked.parent.store.log.manifest.id && fork.head == head)
        #expect(fork.changes.map(\.kind) == ["weights"] && fork.runs == [forked.runs[0].rawValue])

        let verdict = try await BundleCheck.run(made.file, trusting: [made.key.key], replaying: true)
        #expect(verdict.isWhole, "\(verdict.problems)")
        #expect(verdict.text.contains("fork of the store \(fork.parent) at its head \(head.size):\(head.root.hex)"))
        #expect(verdict.text.contains("changed: weights imagery=5"), "\(verdict.text)")
        #expect(!verdict.text.contains("laid down at"), "\(verdict.text)")
        let answer = try JSONParser.parse(verdict.canonicalBytes())
        #expect(answer["forks"]?.array?.first?["changes"]?.array?.first?["text"] == "imagery=5")

        let readme = try made.file("README.md")
        #expect(readme.contains(head.root.hex) && readme.contains("- weights: `imagery=5`"), "\(readme)")
        #expect(!readme.contains("as it was recorded,") && !readme.contains("## What was laid down"), "\(readme)")
        let crate = try made.file("ro-crate-metadata.json")
        #expect(crate.contains("isBasedOn") && crate.contains("\(head.size):\(head.root.hex)"), "\(crate)")
        let events = try made.file("events/00000000.jsonl")
        #expect(events.contains("\"fork.created\"") && events.contains("\"fork.taken\""))
    }

    @Test func theProofOfASampleOfAForkVouchesForNothingBefore() async throws {
        let forked = try await ForkedStore("upcast-event", .weight(criterion: "imagery", judge: nil, value: 5))
        let run = forked.runs[0]
        let log = forked.store.log
        let stream = try StreamName(category: Run.category, id: run.rawValue)
        let submitted = try #require(try log.readStream(stream).first).decode(RunSubmitted.self)
        let definition = try ExperimentDefinition(canonicalBytes: try #require(try log.blob(submitted.definition)))
        let key = try await StoreSigningKey.make(for: log) { _ in }
        let file = forked.directory.path("sample.zip")
        _ = try await SampleProver(forked.store, run: run).write(
            .init(model: definition.models[0].id, scenario: definition.scenarios[0].id, sample: 1), to: file,
            signing: { try BundleSigner(key, of: log) })
        let verdict = try await BundleCheck.run(file, trusting: [key.key])
        #expect(verdict.isWhole && verdict.index?.forks.count == 1, "\(verdict.problems)")
        #expect(verdict.text.contains("fork of the store") && !verdict.text.contains("laid down at"), "\(verdict.text)")
    }

    @Test func theBundleOfARunWithoutForksSaysNothingOfThem() async throws {
        let source = try await Fixture(name: "clean-run").imported()
        let run = try #require(try Queries(source.store).runIDs(Queries.Selection()).first)
        let made = try await MadeBundle(run, of: source.store)
        #expect(!(try made.file("bundle.json")).contains("fork"))
        #expect(try made.file("README.md").contains("as it was recorded, with proof"))
        #expect(try made.file("README.md").contains("## What was laid down before the first call"))
    }

    /// The second run reused answers that the change of the first leaves out: the fork goes on with both.
    @Test func theCopyOfAForkThatWentOnIsExecutedToItsHead() async throws {
        let forked = try await ForkedStore("budget-stream-reuse", .budget(Budget(maxCalls: 5)))
        for run in forked.runs {
            let made = try await MadeBundle(run, of: forked.store)
            let executed = try await made.executed()
            #expect(executed.verdict == .identical && executed.sessions > 0, "\(executed)")
        }
    }
}
