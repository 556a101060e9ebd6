import Audit
import Cairn
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import TestSupport
import Testing

/// An audit's threads begin at different moments of a log that others append to: every blob of what it answers for counts.
@Suite struct GrowingAuditTests {
    @Test func everyBlobOfTheEventsThatWereAuditedWasLookedAt() async throws {
        let imported = try await Fixture(name: "clean-run").imported()
        let log = imported.store.log
        var named: Set<Digest> = []
        try log.scan(from: .first, to: nil, matching: .all) {
            named.formUnion((try? Catalogues.events.blobs(namedBy: $0)) ?? [])
        }
        let cited = try #require(named.min())
        async let growth: Void = grow(log, citing: cited)
        var sizes: [UInt64] = []
        for _ in 0..<40 {
            let report = try Auditor(log: log, catalogue: Catalogues.events).verify()
            #expect(report.isValid, "\(report.text)")
            var references = 0
            try log.scan(from: .first, to: Position(report.events), matching: .all) { event in
                references += (try? Catalogues.events.blobs(namedBy: event).count) ?? 0
            }
            #expect(report.blobs == references, "of \(report.events) events")
            sizes.append(report.events)
        }
        try await growth
        #expect(sizes == sizes.sorted())
    }

    private func grow(_ log: LMDBLog, citing blob: Digest) async throws {
        for number in 0..<400 {
            let event = NewEvent(
                type: EventType("note.taken"), version: 1, time: .epoch, data: Array("{}".utf8),
                metadata: EventMetadata(cause: Cause(blobs: [blob])).canonicalBytes())
            _ = try await log.append(
                Commit(stream: try StreamName("note-\(number)"), expected: .noStream, events: [event]))
        }
    }
}
