import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Replay
import Testing

@Suite struct VerifierTests {
    private let catalogue = DerivationCatalogue([Summed.derivation])

    @Test func soundDerivationsAreCountedByType() async throws {
        let log = try ScratchLog()
        try await count(4, upTo: 3, by: "a", in: log.log, .live(.system))
        let report = try Verifier(log: log.log, derivations: catalogue).verify()
        #expect(report.isIdentical)
        #expect(report.position == 16)
        #expect(report.counts.map(\.type) == [Summed.type])
        #expect(report.verified == 4)
    }

    @Test func aWrongNumberIsShownWithItsPositionFunctionAndField() async throws {
        let log = try await log(summing: 99, function: Summed.function)
        let report = try Verifier(log: log.log, derivations: catalogue).verify()
        let divergence = try #require(report.divergences.first)
        #expect(divergence.position == Position(1))
        #expect(divergence.function == Summed.function)
        #expect(
            divergence.reason == .fields([FieldDifference(path: "$.sum", recorded: .number(99), derived: .number(1))]))
    }

    @Test func aDerivedEventWithoutItsFunctionDiverges() async throws {
        let log = try await log(summing: 1, function: nil)
        #expect(try reasons(in: log) == [.noFunction])
    }

    @Test func aFunctionThatTheProgramLacksIsNamed() async throws {
        let log = try await log(summing: 1, function: FunctionReference(name: "test.sum", version: 2))
        #expect(try reasons(in: log) == [.unknownFunction])
    }

    @Test func aCauseThatIsNoEarlierEventDiverges() async throws {
        let log = try await log(summing: 1, function: Summed.function, cause: Position(7))
        #expect(try Verifier(log: log.log, derivations: catalogue).verify().divergences.count == 1)
    }

    private func reasons(in log: ScratchLog) throws -> [Divergence.Reason] {
        try Verifier(log: log.log, derivations: catalogue).verify().divergences.map(\.reason)
    }

    private func log(
        summing sum: Int, function: FunctionReference?, cause position: Position = .first
    ) async throws -> ScratchLog {
        let log = try ScratchLog()
        let stream = try StreamName("thing-x")
        let counted = NewEvent(
            type: Counted.type, version: 1, time: .epoch, data: Counted(by: "a", number: 1).canonicalBytes())
        let cause = Cause(function: function, positions: [position])
        let summed = NewEvent(
            type: Summed.type, version: 1, time: .epoch, data: Summed(sum: sum).canonicalBytes(),
            metadata: EventMetadata(cause: cause).canonicalBytes())
        _ = try await log.log.append(Commit(stream: stream, expected: .noStream, events: [counted]))
        _ = try await log.log.append(Commit(stream: stream, expected: .exact(.first), events: [summed]))
        return log
    }
}
