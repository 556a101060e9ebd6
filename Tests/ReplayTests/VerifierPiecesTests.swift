import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Projections
import Synchronization
import Testing

@testable import Replay

/// A log that is verified in pieces by several threads gives the report of one that is verified in one go.
@Suite struct VerifierPiecesTests {
    private let catalogue = DerivationCatalogue([Summed.derivation])

    @Test(arguments: [1, 2, 5]) func theReportIsTheSameWithAnyNumberOfThreads(threads: Int) async throws {
        let store = try ScratchLog()
        let wrong = try await record(3 * Int(Verifier.piece) + 100, wrongEvery: 1_000, in: store.log)
        let verifier = Verifier(log: store.log, derivations: catalogue)
        let report = try verifier.verify(keeping: .max, threads: threads)
        #expect(report.divergences.map(\.position) == wrong)
        #expect(report.diverged == wrong.count)
        #expect(report.verified == 3 * Int(Verifier.piece) / 2 + 50)
        #expect(report == (try verifier.verify(keeping: .max, threads: 1)))
    }

    @Test func onlySoManyAreKeptAndAllAreCounted() async throws {
        let store = try ScratchLog()
        let wrong = try await record(2 * Int(Verifier.piece), wrongEvery: 100, in: store.log)
        let report = try Verifier(log: store.log, derivations: catalogue).verify(keeping: 3, threads: 2)
        #expect(report.divergences.map(\.position) == Array(wrong.prefix(3)))
        #expect(report.diverged == wrong.count)
        #expect(!report.isIdentical)
    }

    @Test func everyDivergenceIsHeardInOrder() async throws {
        let store = try ScratchLog()
        let wrong = try await record(2 * Int(Verifier.piece), wrongEvery: 50, in: store.log)
        var heard: [Position] = []
        let report = try Verifier(log: store.log, derivations: catalogue).verify(threads: 2) {
            heard.append($0.position)
        }
        #expect(heard == wrong)
        #expect(report.divergences.isEmpty && report.diverged == wrong.count)
    }

    @Test func progressEndsAtTheEndOfTheLog() async throws {
        let store = try ScratchLog()
        _ = try await record(Int(Verifier.piece) + 10, wrongEvery: .max, in: store.log)
        var places: [UInt64] = []
        _ = try Verifier(log: store.log, derivations: catalogue).verify(threads: 2) { places.append($0.rawValue) }
        #expect(places == [Verifier.piece, Verifier.piece + 10])
    }

    @Test func theTextNamesBothSidesOfEachField() async throws {
        let store = try ScratchLog()
        _ = try await record(2, wrongEvery: 1, in: store.log)
        let report = try Verifier(log: store.log, derivations: catalogue).verify()
        #expect(
            report.divergences.first?.text == """
                position 1 in thing-x: thing.summed by test.sum v1:
                  $.sum
                    log:  1001
                    code: 1

                """)
    }

    /// Appends as many events, every other one of them derived, every so many of those wrong; returns the wrong ones.
    private func record(_ events: Int, wrongEvery step: Int, in log: LMDBLog) async throws -> [Position] {
        let stream = try StreamName("thing-x")
        var wrong: [Position] = []
        var commits: [Commit] = []
        for index in 0..<events / 2 {
            let counted = NewEvent(
                type: Counted.type, version: 1, time: .epoch, data: Counted(by: "a", number: index + 1).canonicalBytes()
            )
            let isWrong = (index + 1) % step == 0
            if isWrong { wrong.append(Position(UInt64(2 * index + 1))) }
            let cause = Cause(function: Summed.function, positions: [Position(UInt64(2 * index))])
            let summed = NewEvent(
                type: Summed.type, version: 1, time: .epoch,
                data: Summed(sum: index + 1 + (isWrong ? 1_000 : 0)).canonicalBytes(),
                metadata: EventMetadata(cause: cause).canonicalBytes())
            commits.append(Commit(stream: stream, expected: .any, events: [counted, summed]))
        }
        for result in await log.append(commits) { _ = try result.get() }
        return wrong
    }
}

@Suite struct OrderedWorkTests {
    @Test(arguments: [1, 2, 7]) func resultsAreTakenInOrderWhateverTakesLonger(threads: Int) throws {
        var taken: [Int] = []
        try OrderedWork.run(500, threads: threads) { number in
            (0..<(number % 7) * 1_000).reduce(number) { $0 ^ ($1 & 0) }
        } take: {
            taken.append($0)
        }
        #expect(taken == Array(0..<500))
    }

    @Test func theFirstFailureIsThrownAfterWhatCameBefore() {
        var taken: [Int] = []
        #expect(throws: Failure(number: 20)) {
            try OrderedWork.run(100, threads: 3) { number in
                if number >= 20 { throw Failure(number: number) }
                return number
            } take: {
                taken.append($0)
            }
        }
        #expect(taken == Array(0..<20))
    }

    @Test func noThreadRunsAheadWithoutBound() throws {
        let furthest = Mutex(0)
        var most = 0
        try OrderedWork.run(1_000, threads: 2) { number in
            furthest.withLock { $0 = max($0, number) }
            return number
        } take: { number in
            most = max(most, furthest.withLock { $0 } - number)
        }
        #expect(most <= 17)
    }

    @Test func noWorkIsNoThread() throws {
        try OrderedWork.run(0, threads: 4) {
            $0
        } take: { _ in
            Issue.record("there is nothing to take")
        }
    }

    private struct Failure: Error, Equatable { let number: Int }
}
