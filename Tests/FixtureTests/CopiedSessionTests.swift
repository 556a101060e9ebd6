import Audit
import Cairn
import Calls
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Jobs
import Replay
import TestSupport
import Testing

/// Stores that were made of bundles are executed again so far as the bundles have what was done.
@Suite struct CopiedSessionTests {
    /// Older bundles withhold the fork's own events.
    @Test func aCopyThatLacksTheForksOwnEventsIsExecutedSoFarAsItCanBe() async throws {
        let forked = try await ForkedStore("budget-stream-reuse", .budget(Budget(maxCalls: 5)))
        let directory = try TemporaryDirectory("lacking")
        let copy = try Store.open(at: directory.path("copy"), .create)
        defer { copy.close() }
        let log = forked.store.log
        let withheld = try StreamName(category: "withheld", id: "events")
        var position = Position.first
        while let event = try log.event(at: position) {
            defer { position = Position(position.rawValue + UInt64(event.commitCount)) }
            guard event.stream.category != "fork" else {
                let places = (0..<event.commitCount).map { _ in
                    NewEvent(
                        type: LogWithheld.type, version: LogWithheld.version, time: Timestamp(microseconds: 0),
                        data: LogWithheld().canonicalBytes())
                }
                _ = try await copy.log.append(Commit(stream: withheld, expected: .any, events: places))
                continue
            }
            let recorded = try (0..<UInt64(event.commitCount)).compactMap {
                try log.event(at: Position(position.rawValue + $0))
            }
            let blobs = try recorded.flatMap { try Catalogues.events.blobs(namedBy: $0) }.compactMap(log.blob)
            let commit = try Commit(
                recordedIn: event.stream, from: event.revision,
                events: recorded.map {
                    NewEvent(
                        type: $0.type, version: $0.version, time: $0.time, data: $0.dataBytes,
                        metadata: $0.metadataBytes)
                }, blobs: blobs.map(Blob.init), as: event.commitID)
            _ = try await copy.log.append(try #require(commit))
        }
        let executed = try await ExecutionService(store: copy).run()
        #expect(executed.verdict == .identical && executed.sessions > 0, "\(executed)")
        #expect(!executed.incomplete.isEmpty, "\(executed)")
    }

    /// Of a run whose answers were reused the bundle has a part: its processes are named, and not run again.
    @Test func theCopyOfARunThatReusedAnswersIsExecuted() async throws {
        let source = try await Fixture(name: "budget-stream-reuse").imported()
        let runs = try Queries(source.store).runIDs(Queries.Selection())
        var incomplete: [RunID: [ExecutionReport.Incomplete]] = [:]
        for run in runs {
            let executed = try await MadeBundle(run, of: source.store).executed()
            #expect(executed.verdict == .identical && executed.sessions > 0, "\(executed)")
            incomplete[run] = executed.incomplete
            #expect(executed.incomplete.allSatisfy { $0.run != run.rawValue }, "\(executed)")
        }
        #expect(incomplete.values.filter(\.isEmpty).count == 1, "\(incomplete)")
    }
}
